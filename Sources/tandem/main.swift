print("tandem: not built yet")
