import TandemWire

extension ClientError {
    /// What is wrong with bytes that the server sent.
    init(answer error: WireError, path: String) {
        let (code, message): (Code, String) =
            switch error.code {
            case .frameTooLarge, .arenaFull:
                (
                    .resourceExhausted,
                    "the answer is larger than this client takes (\(error.message)); ask for fewer "
                        + "rows, or raise ConnectionOptions.frameBytesMax"
                )
            default:
                (
                    .protocolViolation,
                    "the server's bytes make no sense (\(error.message)); does tandemd listen here, "
                        + "and of the same protocol version?"
                )
            }
        self.init(code, message, path: path)
    }
}

extension ArenaAllocator {
    /// An arena that decodes answers of up to so many bytes.
    ///
    /// Answers come from a server that the caller chose, so twice their size, for the lists between
    /// their arrays, and something for small ones do.
    convenience init(answersOf frameBytesMax: Int, path: String) throws(ClientError) {
        do throws(WireError) {
            try self.init(capacity: 2 * frameBytesMax + (4 << 20))
        } catch {
            throw ClientError(.systemExhausted, error.message, path: path)
        }
    }
}

extension Answer {
    /// The scores, or what came instead as an error.
    func prediction(path: String) throws(ClientError) -> Prediction {
        switch self {
        case .prediction(let prediction): return prediction
        case .failure(let status): throw ClientError(status, path: path)
        case .control: throw Self.mismatch(path)
        }
    }

    /// An answer of another kind than the call.
    static func mismatch(_ path: String) -> ClientError {
        ClientError(
            .protocolViolation, "the server answered another call than was made", path: path)
    }
}

extension UInt64 {
    /// A moment in nanoseconds, later by a duration; as late as can be told where that is later
    /// than can be told, and the moment itself for durations below zero.
    func addingDuration(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return self }
        let (whole, tooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooLate) = addingReportingOverflow(whole)
        let (all, overflow) = sum.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        // One less than the largest, which stands for "never" in the thread's wait.
        return tooLong || tooLate || overflow ? .max - 1 : Swift.min(all, .max - 1)
    }
}
