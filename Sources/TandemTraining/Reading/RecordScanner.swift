// Design: a reader of RFC 4180 records that looks at most bytes with memchr only.
//
// A record without a quote (most are) is found by one search for its line end and cut by one search
// a field; only records that hold a quote are walked, from quote to quote. Fields are slices of the
// scanner's own buffer: nothing is made a String, and doubled quotes are undone in place, since
// that only shortens. The buffer holds one record and what was read after it, so memory is bounded
// by the longest record allowed. Because the C library does the searching, debug builds read at a
// usable speed too.
//
// Beyond RFC 4180, as real files need: LF and CRLF alike, a last line without a line end, a byte
// order mark, empty lines (skipped), quotes inside a field that does not begin with one (kept as
// they are). Not guessed at: text after a closing quote and a quote that is never closed are
// refused with their line, since both mean that columns have slipped.

import Glibc

/// Cuts a file into records and fields.
final class RecordScanner {
    /// The line on which the current record begins, from 1.
    private(set) var line = 0

    private let source: ByteSource
    private let delimiter: UInt8
    private let trimsBlanks: Bool
    private let limits: CSVLimits

    // The current record begins at `start`; the bytes read so far end at `end`.
    private var buffer: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    // Length of the current record with its line end, and of its line ends before the last.
    private var recordCount = 0
    private var recordLineCount = 0

    private var spans: UnsafeMutablePointer<FieldSpan>
    private var spanCapacity: Int
    private var spanCount = 0

    init(path: String, dialect: CSVDialect, limits: CSVLimits) throws(TrainingError) {
        source = try ByteSource(path: path)
        delimiter = dialect.delimiter
        trimsBlanks = dialect.trimsBlanks
        self.limits = limits
        capacity = max(4, limits.bufferBytes)
        buffer = .allocate(capacity: capacity)
        spanCapacity = min(64, limits.columnCountMax)
        spans = .allocate(capacity: spanCapacity)
        try skipByteOrderMark()
    }

    deinit {
        buffer.deallocate()
        spans.deallocate()
    }

    var path: String { source.path }

    /// The current record's fields; valid until the next call of `next`.
    var fields: CSVFields { CSVFields(base: buffer + start, spans: spans, count: spanCount) }

    /// Goes to the next record that is not an empty line; false at the end of the file.
    func next() throws(TrainingError) -> Bool {
        while true {
            start += recordCount
            line += max(1, recordLineCount)
            recordCount = 0
            recordLineCount = 0
            spanCount = 0
            guard var content = try extend() else { return false }
            if memchr(buffer + start, quote, content) != nil {
                content = try splitQuoted(content)
            } else {
                content = contentCount(content)
                try split(content)
            }
            if !isEmptyLine(content) { return true }
        }
    }

    private func isEmptyLine(_ content: Int) -> Bool {
        guard spanCount == 1, recordLineCount <= 1 else { return false }
        return content == 0 || trimsBlanks && spans[0].count == 0 && buffer[start] != quote
    }

    // MARK: - Records

    /// Lengthens the current record by one line.
    ///
    /// - Returns: The record's bytes before that line's LF, from its start; nil at the end of file.
    private func extend() throws(TrainingError) -> Int? {
        var searched = recordCount
        while true {
            let base = buffer + start
            let available = end - start
            if let found = memchr(base + searched, Int32(newline), available - searched) {
                let content = found.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(base)
                recordCount = content + 1
                recordLineCount += 1
                try check(content)
                return content
            }
            searched = available
            try check(available)
            if isAtEnd {
                guard available > recordCount else { return nil }
                recordCount = available
                recordLineCount += 1
                return available
            }
            try refill()
        }
    }

    private func check(_ count: Int) throws(TrainingError) {
        guard count > limits.recordBytesMax else { return }
        throw TrainingError(
            .overLimit, "a row is longer than \(limits.recordBytesMax) bytes",
            remedy: "look for a quote that is never closed, or for another kind of line end"
        ).with(\.file, path).with(\.line, line).with(\.limit, limits.recordBytesMax)
    }

    /// Reads more bytes behind those that the current record still needs.
    private func refill() throws(TrainingError) {
        let pending = end - start
        if start > 0 {
            memmove(buffer, buffer + start, pending)
            start = 0
            end = pending
        }
        if capacity - end < capacity / 2 { grow() }
        let room = UnsafeMutableRawBufferPointer(start: buffer + end, count: capacity - end)
        let count = try source.read(into: room)
        end += count
        isAtEnd = count == 0
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
        larger.update(from: buffer, count: end)
        buffer.deallocate()
        buffer = larger
        capacity *= 2
    }

    private func skipByteOrderMark() throws(TrainingError) {
        while end < 3, !isAtEnd { try refill() }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard end >= 3, mark.indices.allSatisfy({ buffer[$0] == mark[$0] }) else { return }
        start = 3
    }

    /// The content without the CR of a CRLF.
    private func contentCount(_ count: Int) -> Int {
        count > 0 && buffer[start + count - 1] == carriageReturn ? count - 1 : count
    }

    // MARK: - Fields

    private func split(_ content: Int) throws(TrainingError) {
        let base = buffer + start
        var first = 0
        while let found = memchr(base + first, Int32(delimiter), content - first) {
            let last = found.assumingMemoryBound(to: UInt8.self) - UnsafeMutablePointer(base)
            try append(first, last)
            first = last + 1
        }
        try append(first, content)
    }

    /// Cuts a record that holds a quote, lengthening it over line ends within quotes.
    ///
    /// - Returns: The length of the record's content.
    private func splitQuoted(_ lineContent: Int) throws(TrainingError) -> Int {
        var raw = lineContent
        var at = 0
        while true {
            if trimsBlanks {
                while at < raw, isBlank(buffer[start + at]), buffer[start + at] != delimiter {
                    at += 1
                }
            }
            if at < raw, buffer[start + at] == UInt8(ascii: "\"") {
                at = try appendQuoted(from: at + 1, &raw)
            } else {
                let content = contentCount(raw)
                let found = memchr(buffer + start + at, Int32(delimiter), max(0, content - at))
                let last =
                    found.map { $0.assumingMemoryBound(to: UInt8.self) - (buffer + start) }
                    ?? content
                try append(min(at, last), last)
                at = last
            }
            guard at < contentCount(raw) else { return contentCount(raw) }
            at += 1
        }
    }

    /// Takes the quoted field that begins after its opening quote, at `from`.
    ///
    /// Returns the offset of the delimiter that follows, or of the content's end.
    private func appendQuoted(from first: Int, _ raw: inout Int) throws(TrainingError) -> Int {
        let openingLine = line + recordLineCount - 1
        var read = first
        var write = first
        while true {
            let found = memchr(buffer + start + read, quote, raw - read)
            let stop =
                found.map { $0.assumingMemoryBound(to: UInt8.self) - (buffer + start) } ?? raw
            memmove(buffer + start + write, buffer + start + read, stop - read)
            write += stop - read
            guard write - first <= limits.fieldBytesMax else { throw fieldOverLimit(openingLine) }
            if found == nil {
                // The line ends within the quotes: its end belongs to the field.
                read = stop
                guard let longer = try extend() else { throw unclosed(openingLine) }
                raw = longer
                continue
            }
            guard stop + 1 < raw, buffer[start + stop + 1] == UInt8(ascii: "\"") else {
                try append(first, write, isQuoted: true)
                return try endOfQuoted(stop + 1, raw)
            }
            buffer[start + write] = UInt8(ascii: "\"")
            write += 1
            read = stop + 2
        }
    }

    /// The offset of the delimiter or of the content's end, which must follow a closing quote.
    private func endOfQuoted(_ after: Int, _ raw: Int) throws(TrainingError) -> Int {
        let content = contentCount(raw)
        var at = after
        if trimsBlanks {
            while at < content, isBlank(buffer[start + at]), buffer[start + at] != delimiter {
                at += 1
            }
        }
        if at >= content || buffer[start + at] == delimiter { return at }
        let rest = UnsafeRawBufferPointer(start: buffer + start + at, count: content - at)
        throw TrainingError(
            .invalidQuoting, "'\(rest.quoted)' follows a closing quote",
            remedy: "double the quotes within a quoted field"
        ).with(\.file, path).with(\.line, line + recordLineCount - 1)
            .with(\.columnNumber, spanCount).with(\.text, rest.quoted)
    }

    private func append(_ first: Int, _ last: Int, isQuoted: Bool = false) throws(TrainingError) {
        var first = first
        var last = last
        if trimsBlanks, !isQuoted {
            while first < last, isBlank(buffer[start + first]) { first += 1 }
            while last > first, isBlank(buffer[start + last - 1]) { last -= 1 }
        }
        guard last - first <= limits.fieldBytesMax else { throw fieldOverLimit(line) }
        if spanCount == spanCapacity { try growSpans() }
        spans[spanCount] = FieldSpan(start: first, count: last - first)
        spanCount += 1
    }

    private func growSpans() throws(TrainingError) {
        guard spanCapacity < limits.columnCountMax else {
            throw TrainingError(
                .overLimit, "a row has more than \(limits.columnCountMax) fields",
                remedy: "check the delimiter"
            ).with(\.file, path).with(\.line, line).with(\.limit, limits.columnCountMax)
        }
        let larger = UnsafeMutablePointer<FieldSpan>.allocate(
            capacity: min(spanCapacity * 2, limits.columnCountMax))
        larger.update(from: spans, count: spanCount)
        spans.deallocate()
        spans = larger
        spanCapacity = min(spanCapacity * 2, limits.columnCountMax)
    }

    private func fieldOverLimit(_ line: Int) -> TrainingError {
        TrainingError(
            .overLimit, "a field is longer than \(limits.fieldBytesMax) bytes",
            remedy: "look for a quote that is never closed"
        ).with(\.file, path).with(\.line, line).with(\.columnNumber, spanCount + 1)
            .with(\.limit, limits.fieldBytesMax)
    }

    private func unclosed(_ line: Int) -> TrainingError {
        TrainingError(
            .invalidQuoting, "a quote is never closed",
            remedy: "close it, or double it if it is text"
        ).with(\.file, path).with(\.line, line).with(\.columnNumber, spanCount + 1)
    }
}

private let quote = Int32(UInt8(ascii: "\""))
private let carriageReturn = UInt8(ascii: "\r")
