import Glibc

/// A file that lives as long as its holder.
final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8], suffix: String = ".csv") throws {
        var template = Array("/tmp/tandem-test-XXXXXX\(suffix)".utf8CString)
        let descriptor = mkstemps(&template, Int32(suffix.utf8.count))
        guard descriptor >= 0 else { throw Failure(code: errno) }
        defer { close(descriptor) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            guard count > 0 else { throw Failure(code: errno) }
            written += count
        }
    }

    convenience init(_ text: String, suffix: String = ".csv") throws {
        try self.init(Array(text.utf8), suffix: suffix)
    }

    deinit { unlink(path) }

    struct Failure: Error {
        let code: Int32
    }
}
