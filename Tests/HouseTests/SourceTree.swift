// What the house rules read: the tree this test was compiled from, found by the path of this file,
// so the rules need no set-up and see uncommitted work too.
//
// Every rule is a pure function from text to violations (one line each, "path:line: what is wrong
// and what to do"). Each is tested twice: on a small sample that breaks it, because a rule that
// cannot fail is worth nothing, and on the real tree, where it must find nothing.
import Foundation

/// One file of the tree.
struct SourceFile {
    /// Relative to the top of the tree, with `/`.
    let path: String
    let text: String
    /// The text with comments and the insides of literals blanked out, byte for byte.
    let code: String

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
        code = maskedCode(text, path.hasSuffix(".swift") ? .swift : .c)
    }

    /// The file's name without folders.
    var name: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The folder below `Sources` or `Tests` that the file lies in.
    var room: String {
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    var isGenerated: Bool { path.contains(".pb-c.") }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isC: Bool { path.hasSuffix(".c") || path.hasSuffix(".h") || path.hasSuffix(".inc") }

    /// The lines of the text, without their ends.
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The lines of the code.
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// The tree itself.
enum SourceTree {
    /// The top of the tree: two folders above this file's.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All files below some folders whose names end in one of `suffixes`, sorted by path.
    static func files(under folders: [String], suffixes: [String]) throws -> [SourceFile] {
        var files: [SourceFile] = []
        for folder in folders {
            let start = root.appendingPathComponent(folder).path
            guard let walk = FileManager.default.enumerator(atPath: start) else { continue }
            while let below = walk.nextObject() as? String {
                guard suffixes.contains(where: below.hasSuffix) else { continue }
                let text = try String(contentsOfFile: "\(start)/\(below)", encoding: .utf8)
                files.append(SourceFile("\(folder)/\(below)", text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    /// The Swift files of the rooms and of their tests.
    static func swift() throws -> [SourceFile] { try swiftFiles.get() }

    /// The Swift files of the rooms alone.
    static func rooms() throws -> [SourceFile] {
        try swift().filter { $0.path.hasPrefix("Sources/") }
    }

    /// The C files written by hand.
    static func handWrittenC() throws -> [SourceFile] { try cFiles.get() }

    // Read once for all rules.
    private static let swiftFiles = Result {
        try files(under: ["Sources", "Tests"], suffixes: [".swift"])
    }
    private static let cFiles = Result {
        try files(under: ["Sources"], suffixes: [".c", ".h", ".inc"]).filter { !$0.isGenerated }
    }
}
