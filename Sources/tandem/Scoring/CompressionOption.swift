import ArgumentParser

/// The option of commands that write packages.
struct CompressionOption: ParsableArguments {
    @Option(
        help: """
            zstd's level, 1 to 19, for tensors that it makes smaller by 3 % or more. Loading takes as \
            long whatever the level.
            """)
    var compress = 3

    func validate() throws {
        guard (1...19).contains(compress) else {
            throw ValidationError("--compress takes 1 to 19")
        }
    }
}
