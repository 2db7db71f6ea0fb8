import TandemTraining
import Testing

@Suite struct TextDictionaryTests {
    @Test func `gives codes in the order of first meeting, through growth`() throws {
        var dictionary = TextDictionary()
        let texts = (0..<1000).map { "text \($0)" } + [""]
        for round in 0..<2 {
            for (index, text) in texts.enumerated() {
                let code = code(of: text, &dictionary)
                #expect(code == UInt32(index), "round \(round)")
            }
        }
        #expect(dictionary.count == 1001)
        #expect(dictionary.text(999) == "text 999")
        #expect(dictionary.byteCount(of: 1000) == 0)
        #expect(Array("text 5".utf8).withUnsafeBytes { dictionary.find($0) } == 5)
        #expect(Array("text".utf8).withUnsafeBytes { dictionary.find($0) } == nil)
    }

    private func code(of text: String, _ dictionary: inout TextDictionary) -> UInt32? {
        Array(text.utf8).withUnsafeBytes { dictionary.code(of: $0) }
    }
}
