extension FeatureEncoder {
    /// Elements of a list that are shown.
    private static let shownCount = 8

    /// What the model saw of a column's first row, such as `0.25`, `id 417`, `ids 3 4` or `missing`.
    ///
    /// - Parameters:
    ///   - cursor: A column whose first row was encoded last into row 0 of the inputs.
    ///   - inputs: Where it was encoded.
    /// - Returns: At most 256 bytes of text.
    package func describeFirstRow(_ cursor: FeatureCursor, _ inputs: EncodedInputs) -> String {
        let feature = signature.features[cursor.feature]
        guard let column = cursor.column, cursor.rowCount > 0, column.isPresent(0) else {
            return "missing"
        }
        let target = targets[cursor.feature]
        let base = inputs.inputs[target.input].base
        if case .number = feature.encoding {
            let numbers = base.assumingMemoryBound(to: Float.self) + feature.slot.column
            return Self.text("", (0..<feature.width).map { "\(numbers[$0])" })
        }
        let ids = base.assumingMemoryBound(to: Int32.self) + feature.slot.column
        var count = feature.listLengthMax ?? feature.width
        if let length = target.length {
            count = Int(inputs.inputs[length].base.load(as: Int32.self))
        } else if let mask = target.mask {
            let marks = inputs.inputs[mask].base.assumingMemoryBound(to: Int32.self)
            count = (0..<count).count { marks[$0] != 0 }
        }
        return Self.text(count == 1 ? "id " : "ids ", (0..<count).map { "\(ids[$0])" })
    }

    private static func text(_ head: String, _ elements: [String]) -> String {
        guard !elements.isEmpty else { return "empty" }
        let shown = elements.prefix(shownCount).joined(separator: " ")
        return head + shown + (elements.count > shownCount ? " ... (\(elements.count))" : "")
    }
}
