package import TandemFeatures

/// Shows some rows of a column to the feature encoder.
///
/// Holds the memory behind the view it gives, and uses it again for the next one, so that encoding
/// a table block by block allocates only for its largest block. Not for use by two threads at once.
package final class RawColumnBuffer {
    private var floats: [Float] = []
    private var integers: [Int64] = []
    private var bytes: [UInt8] = []
    private var byteCounts: [UInt32] = []
    private var listCounts: [UInt32] = []
    private var presence: [UInt8] = []

    /// An empty buffer.
    package init() {}

    /// Calls with the rows' raw values; the view is valid only during the call.
    ///
    /// Numbers become f32, whole numbers i64, texts bytes with their lengths.
    ///
    /// - Precondition: `rows` are rows of the column.
    /// - Complexity: O(values), and their bytes for texts.
    package func withRawColumn<Result, Failure: Error>(
        _ column: Column, rows: Range<Int>, _ body: (RawColumn) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        gather(column, rows)
        gatherPresence(column.presence, rows)
        // Not `rethrows`: swiftc 6.3.1 loses the error of a closure over `RawColumn.Values` then.
        return try floats.withUnsafeBufferPointer { floats throws(Failure) in
            try integers.withUnsafeBufferPointer { integers throws(Failure) in
                try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
                    try byteCounts.withUnsafeBufferPointer { byteCounts throws(Failure) in
                        let values: RawColumn.Values =
                            switch column {
                            case .float32, .float64: .float32(floats)
                            case .int64, .int64List: .int64(integers)
                            case .text, .textList:
                                .text(UnsafeRawBufferPointer(bytes), byteCounts: byteCounts)
                            }
                        return try withCounts(of: column, values, body)
                    }
                }
            }
        }
    }

    private func withCounts<Result, Failure: Error>(
        of column: Column, _ values: RawColumn.Values,
        _ body: (RawColumn) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try listCounts.withUnsafeBufferPointer { listCounts throws(Failure) in
            try presence.withUnsafeBufferPointer { presence throws(Failure) in
                var raw = RawColumn(values: values)
                switch column {
                case .int64List, .textList: raw.listCounts = listCounts
                case .float32, .float64, .int64, .text: break
                }
                if column.presence.missingCount > 0 {
                    raw.presence = UnsafeRawBufferPointer(presence)
                }
                return try body(raw)
            }
        }
    }

    private func gather(_ column: Column, _ rows: Range<Int>) {
        floats.removeAll(keepingCapacity: true)
        integers.removeAll(keepingCapacity: true)
        switch column {
        case .float32(let values, _): floats.append(contentsOf: values[rows])
        case .float64(let values, _): floats.append(contentsOf: values[rows].lazy.map { Float($0) })
        case .int64(let values, _): integers.append(contentsOf: values[rows])
        case .text(let texts): gather(texts, rows)
        case .int64List(let values, let bounds):
            integers.append(contentsOf: values[elements(bounds, rows)])
            gatherCounts(bounds, rows)
        case .textList(let texts, let bounds):
            gather(texts, elements(bounds, rows))
            gatherCounts(bounds, rows)
        }
    }

    private func elements(_ bounds: ListBounds, _ rows: Range<Int>) -> Range<Int> {
        Int(bounds.starts[rows.lowerBound])..<Int(bounds.starts[rows.upperBound])
    }

    private func gatherCounts(_ bounds: ListBounds, _ rows: Range<Int>) {
        listCounts.removeAll(keepingCapacity: true)
        listCounts.append(contentsOf: rows.lazy.map { UInt32(bounds.range($0).count) })
    }

    /// Copies texts end to end; a missing one has length 0.
    private func gather(_ texts: TextColumn, _ rows: Range<Int>) {
        bytes.removeAll(keepingCapacity: true)
        byteCounts.removeAll(keepingCapacity: true)
        for row in rows {
            guard texts.presence[row] else {
                byteCounts.append(0)
                continue
            }
            texts.dictionary.withBytes(of: texts.codes[row]) { text in
                bytes.append(contentsOf: text)
                byteCounts.append(UInt32(text.count))
            }
        }
    }

    private func gatherPresence(_ present: Presence, _ rows: Range<Int>) {
        presence.removeAll(keepingCapacity: true)
        guard present.missingCount > 0 else { return }
        var block = Presence()
        for row in rows { block.append(present[row]) }
        presence.append(contentsOf: block.bits)
    }
}
