print("tandem-bench: not built yet")
