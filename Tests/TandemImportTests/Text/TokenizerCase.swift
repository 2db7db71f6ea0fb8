import Foundation
import TandemFeatures
import TandemNotation

@testable import TandemImport

/// A folder that `Tests/Interop/tokenizer_cases.py` wrote.
struct TokenizerCase {
    let name: String
    let tokenizer: Tokenizer
    let texts: [[UInt8]]
    /// What the `tokenizers` package makes of each text.
    let ids: [[Int32]]

    init(folder: String) throws {
        name = (folder as NSString).lastPathComponent
        tokenizer = try Self.tokenizer(folder + "/tokenizer.json")
        texts = try Self.records(folder + "/../texts.bin", width: 1)
        ids = try Self.records(folder + "/ids.bin", width: 4).map { record in
            record.withUnsafeBytes { record in
                (0..<record.count / 4).map {
                    Int32(
                        littleEndian: record.loadUnaligned(
                            fromByteOffset: $0 * 4, as: Int32.self))
                }
            }
        }
    }

    /// The tokeniser of a `tokenizer.json`.
    static func tokenizer(_ path: String) throws -> Tokenizer {
        let file = try MappedFile(path: path)
        return try TokenizerFile.tokenizer(json: file.bytes)
    }

    /// Records of that many bytes an element, each with its count of elements before it.
    static func records(_ path: String, width: Int) throws -> [[UInt8]] {
        let file = try MappedFile(path: path)
        var records: [[UInt8]] = []
        var index = 0
        while index < file.byteCount {
            let count = file.bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)
            let end = index + 4 + Int(UInt32(littleEndian: count)) * width
            records.append(Array(file.bytes[(index + 4)..<end]))
            index = end
        }
        return records
    }

    /// The first texts with other ids than they should have, as a person reads them.
    ///
    /// `step`: how many texts to go on by.
    func differences(step: Int = 1) -> [String] {
        var found: [String] = []
        var memory = TextMemory()
        for index in stride(from: 0, to: texts.count, by: step) where found.count < 5 {
            let outcome = texts[index].withUnsafeBytes {
                tokenizer.encode($0, lengthMax: .max, &memory)
            }
            guard case .whole = outcome else {
                found.append("text \(index) is \(outcome)")
                continue
            }
            if memory.ids == ids[index] { continue }
            let place = zip(memory.ids, ids[index]).prefix { $0 == $1 }.count
            let text = String(decoding: texts[index].prefix(200), as: UTF8.self)
            found.append(
                "text \(index) \(text.debugDescription): at \(place) "
                    + "\(memory.ids.dropFirst(place).prefix(8)), not "
                    + "\(ids[index].dropFirst(place).prefix(8))")
        }
        return found
    }
}
