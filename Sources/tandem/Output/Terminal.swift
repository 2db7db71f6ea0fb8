import Glibc

/// The terminal's two streams: results go to standard output, everything else to standard error.
enum Terminal {
    /// Whether standard error is a terminal that a person looks at.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// Writes to standard output as it is.
    ///
    /// A reader that went away ends the program by SIGPIPE, as it should be in a pipe.
    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if errno != EINTR {
                Glibc.exit(Failure.Status.inputOutput.rawValue)
            }
        }
    }

    /// Writes a line to standard output.
    static func line(_ text: String) { write(text + "\n") }

    /// Writes a message to standard error, with the program's name.
    static func complain(_ message: String) {
        clearProgress()
        report("tandem: \(message)\n")
    }

    /// Writes a line to standard error for a person who waits.
    static func note(_ message: String) {
        clearProgress()
        report("\(message)\n")
    }

    /// Replaces the progress line, on a terminal only.
    static func progress(_ text: String) {
        guard isInteractive else { return }
        report("\r\u{1B}[K\(text)")
    }

    /// Takes the progress line away.
    static func clearProgress() {
        guard isInteractive else { return }
        report("\r\u{1B}[K")
    }

    private static func report(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
