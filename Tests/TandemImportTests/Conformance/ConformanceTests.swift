import Foundation
import Testing

/// ONNX's own cases, which its Python package of version 1.18 brings.
///
/// They are read from `TANDEM_ONNX_CASES`, or from the environment that `make test-interop` makes.
@Suite struct ConformanceTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL

    private static let folder: String? = {
        let variables = ProcessInfo.processInfo.environment
        if let named = variables["TANDEM_ONNX_CASES"] { return named }
        let libraries = root.appending(path: ".build/interop/lib").path(percentEncoded: false)
        let pythons = (try? FileManager.default.contentsOfDirectory(atPath: libraries)) ?? []
        return pythons.map { "\(libraries)/\($0)/site-packages/onnx/backend/test/data/node" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    private static let report: ConformanceReport? = {
        guard let folder else {
            print(
                "SKIPPED: ONNX's cases: set TANDEM_ONNX_CASES, or run make test-interop,",
                "which installs them into .build/interop")
            return nil
        }
        return ConformanceReport(folder: folder)
    }()

    @Test func `gives no wrong result for a case it accepts`() {
        guard let report = Self.report else { return }
        #expect(report.wrong == [])
    }

    @Test func `differs from ONNX's data where they contradict the specification`() {
        guard let report = Self.report else { return }
        #expect(report.contested == ConformanceScope.contested.keys.sorted())
    }

    @Test func `passes 95 of 100 cases of the operators that imports are for`() {
        guard let report = Self.report else { return }
        #expect(report.scoped.count > 600, "the cases are not those of ONNX 1.18")
        #expect(report.passedShare >= 0.95)
    }

    @Test func `says in the documentation what does not pass, by reason`() throws {
        guard let report = Self.report else { return }
        let file = Self.root.appending(
            path: "Sources/TandemImport/Documentation.docc/Conformance.md")
        if ProcessInfo.processInfo.environment["TANDEM_WRITE_CONFORMANCE"] != nil {
            try Data(report.text.utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(
            written == report.text,
            "write it again: TANDEM_WRITE_CONFORMANCE=1 swift test --filter ConformanceTests")
    }
}
