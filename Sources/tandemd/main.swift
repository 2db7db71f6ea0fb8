print("tandemd: not built yet")
