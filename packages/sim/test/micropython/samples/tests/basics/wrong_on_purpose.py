print("what it prints")
