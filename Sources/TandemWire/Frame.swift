// Design: frames are found, not copied.
//
// A frame is a varint byte length and then that many bytes of payload. The reader looks at a window
// of bytes that grows as the socket gives more, and says whether a frame lies at its start, how
// many bytes it would take to know more, or that the framing is lost. It keeps no state: looking
// again at the same window costs at most 5 bytes, and a connection that dribbles holds nothing but
// its window.
//
// The prefix must be in its shortest form. Longer forms exist only in attacks and in broken
// encoders, and refusing them keeps one byte sequence for one message.

/// What lies at the start of a window of bytes.
package enum FrameScan {
    /// No whole frame yet.
    ///
    /// The window must reach at least `windowBytesMin` bytes to know more.
    case needsMore(windowBytesMin: Int)
    /// A frame: its payload is at `payload` within the window, and the next frame begins at the
    /// payload's upper bound.
    case frame(payload: Range<Int>)
    /// The framing is lost: answer with id 0, then close.
    case refused(WireError)
}

/// Finds frames at the start of a window of bytes.
package struct FrameReader: Sendable {
    /// Longest length prefix in bytes: enough for 32 bits.
    package static let prefixBytesMax = 5

    /// Largest payload in bytes.
    package let frameBytesMax: Int

    /// Makes a reader.
    ///
    /// - Parameter frameBytesMax: Largest payload in bytes; 1 to 2^31 - 1.
    package init(frameBytesMax: Int = WireLimits().frameBytesMax) {
        precondition(1...0x7FFF_FFFF ~= frameBytesMax, "frameBytesMax must fit 31 bits")
        self.frameBytesMax = frameBytesMax
    }

    /// Looks at the start of a window.
    ///
    /// - Parameter window: All bytes received and not yet consumed; may be empty.
    /// - Returns: What lies there.
    /// - Complexity: O(1). Allocates nothing unless it refuses.
    package func scan(_ window: UnsafeRawBufferPointer) -> FrameScan {
        var length: UInt64 = 0
        var index = 0
        while true {
            guard index < window.count else { return .needsMore(windowBytesMin: index + 1) }
            let byte = window[index]
            length |= UInt64(byte & 0x7F) << UInt64(7 * index)
            index += 1
            if byte & 0x80 == 0 {
                guard byte != 0 || index == 1 else { return .refused(Self.notShortest(index)) }
                break
            }
            guard index < Self.prefixBytesMax else { return .refused(Self.endless()) }
        }
        guard length != 0 else { return .refused(Self.empty()) }
        guard length <= UInt64(frameBytesMax) else { return .refused(tooLarge(length)) }
        let end = index + Int(length)
        guard end <= window.count else { return .needsMore(windowBytesMin: end) }
        return .frame(payload: index..<end)
    }

    private static func endless() -> WireError {
        WireError(
            .lengthPrefixEndless,
            "the frame's length prefix does not end within \(prefixBytesMax) bytes; send a varint "
                + "length, then the message")
    }

    private static func notShortest(_ count: Int) -> WireError {
        WireError(
            .lengthPrefixNotShortest,
            "the frame's length prefix of \(count) bytes is not in its shortest form",
            actual: count)
    }

    private static func empty() -> WireError {
        WireError(
            .frameEmpty, "a frame of length 0 holds no message; a Request has at least an id")
    }

    private func tooLarge(_ length: UInt64) -> WireError {
        WireError(
            .frameTooLarge,
            "a frame of \(length) bytes is over frame_bytes_max = \(frameBytesMax); send fewer rows "
                + "or raise the limit",
            limit: "frame_bytes_max", bound: frameBytesMax, actual: Int(clamping: length))
    }
}
