try:
    import btree_of_another_port
except ImportError:
    print("SKIP")
    raise SystemExit
