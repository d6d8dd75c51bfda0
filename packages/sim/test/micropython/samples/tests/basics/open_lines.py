print("before")
print("as it comes", id(object()))
print("after")
