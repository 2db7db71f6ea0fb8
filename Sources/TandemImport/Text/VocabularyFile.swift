package import TandemFeatures
package import TandemNotation

/// Reads the files that vocabularies come in.
package enum VocabularyFile {
    /// The values of a file, and the id of the first.
    ///
    /// - Parameters:
    ///   - bytes: A value a line; or JSON, an array of texts or numbers, or an object of ids.
    ///   - isJSON: Whether it is JSON.
    ///   - type: What the values are: text or whole numbers.
    /// - Returns: The first id, 0 where the file gives none, and the values in the order of ids.
    /// - Throws: `NotationError`, with the line where it is JSON.
    /// - Complexity: O(bytes); a copy of the values, and some 20 bytes each.
    package static func vocabulary(
        of bytes: UnsafeRawBufferPointer, isJSON: Bool, as type: RawType = .text
    ) throws(NotationError) -> (first: Int, vocabulary: Vocabulary) {
        var list: ValueList
        var first = 0
        if isJSON {
            var reader = try JSONReader(bytes)
            list = try .json(&reader)
            try reader.finish()
            (first, list) = try list.ordered()
        } else {
            list = try .lines(of: bytes)
        }
        return (first, type == .text ? try list.vocabulary() : try list.integerVocabulary())
    }
}
