import Foundation

/// A fresh folder, removed with what is in it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tandem-package-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A path inside; the folder it is in is made.
    func folder(_ name: String) throws -> String {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Names in a folder, sorted, hidden ones too.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    static func read(_ file: String) throws -> [UInt8] {
        try [UInt8](Foundation.Data(contentsOf: URL(filePath: file)))
    }

    /// Changes one byte in place; far cheaper than writing a small file again.
    static func change(_ file: String, at offset: Int, to byte: UInt8) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Foundation.Data([byte]))
        try handle.close()
    }

    static func write(_ bytes: some Sequence<UInt8>, to file: String) throws {
        try Foundation.Data(bytes).write(to: URL(filePath: file))
    }
}
