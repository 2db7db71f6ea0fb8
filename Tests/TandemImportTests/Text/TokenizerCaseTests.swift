import Foundation
import TandemFeatures
import Testing

@testable import TandemImport

/// Ids of the `tokenizers` package: a small committed set, and all texts of the data sets from
/// `TANDEM_TOKENIZER_CASES`, which `make test-interop` writes (`Tests/Interop/tokenizer_cases.py`).
@Suite struct TokenizerCaseTests {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden/text").path

    private static func folders(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasSuffix(".bin") }.sorted().map { "\(folder)/\($0)" }
    }

    private static let written: [String] = {
        guard let folder = ProcessInfo.processInfo.environment["TANDEM_TOKENIZER_CASES"] else {
            print("SKIPPED: all texts' ids: run make test-interop")
            return []
        }
        return folders(folder).flatMap(folders)
    }()

    @Test(arguments: folders(golden))
    func `makes the ids of the package of the same name`(folder: String) throws {
        let tokens = try TokenizerCase(folder: folder)
        #expect(tokens.texts.count > 100 && tokens.texts.count == tokens.ids.count)
        #expect(tokens.differences() == [])
    }

    @Test(arguments: written)
    func `makes the same ids of all texts there are`(folder: String) throws {
        let tokens = try TokenizerCase(folder: folder)
        let start = ContinuousClock.now
        #expect(tokens.differences() == [])
        let bytes = tokens.texts.reduce(0) { $0 + $1.count }
        print(
            "\(tokens.name): \(tokens.texts.count) texts of \(bytes) bytes, \(start.duration(to: .now))"
        )
    }
}
