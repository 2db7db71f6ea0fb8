import Foundation
import Testing

/// Package.swift keeps the client usable as a dependency, and the rooms strict.
@Suite struct PackageManifestTests {
    private func manifest() throws -> SourceFile {
        let text = try String(
            contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        return SourceFile("Package.swift", text)
    }

    /// Settings that SwiftPM refuses in a package that others depend on.
    private func unsafeSettings(_ file: SourceFile) -> [String] {
        file.codeLines.enumerated().filter { $0.element.contains("unsafeFlags") }.map {
            "\(file.path):\($0.offset + 1): unsafe flags bar this package as a dependency"
        }
    }

    @Test func `the package has no unsafe flags`() throws {
        #expect(try unsafeSettings(manifest()) == [])
    }

    @Test func `an unsafe flag is found, the word in a comment is not`() {
        let text = "// unsafeFlags would bar us\nsettings: [.unsafeFlags([\"-O\"])]\n"
        #expect(unsafeSettings(SourceFile("Package.swift", text)).count == 1)
    }

    @Test func `warnings are errors in Swift and in C`() throws {
        let text = try manifest().text
        #expect(text.contains("let strict: [SwiftSetting]"))
        #expect(text.split(separator: ".treatAllWarnings(as: .error)").count - 1 == 2)
    }
}
