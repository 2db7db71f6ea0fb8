import Glibc

/// A folder that disappears with the test, and what was written into it.
final class TemporaryFolder {
    let path: String
    private var names: [String] = []

    init() {
        var template = Array("/tmp/tandem-import-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    }

    func write(_ name: String, _ bytes: [UInt8]) {
        names.append(name)
        let file = fopen("\(path)/\(name)", "w")
        fwrite(bytes, 1, bytes.count, file)
        if let file { fclose(file) }
    }

    /// Writes a file of zeros that takes no space on the disk, but for its last bytes.
    func writeSparse(_ name: String, byteCount: Int, last: [UInt8]) {
        write(name, [])
        truncate("\(path)/\(name)", byteCount - last.count)
        let file = fopen("\(path)/\(name)", "a")
        fwrite(last, 1, last.count, file)
        if let file { fclose(file) }
    }

    func link(_ name: String, to target: String) {
        names.append(name)
        symlink(target, "\(path)/\(name)")
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
