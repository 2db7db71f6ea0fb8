import TandemFeatures
import TandemGraph
import TandemTraining

/// Inputs for an imported model when nobody gives any: random ones that its signature allows.
///
/// Ids are drawn below each feature's range, which validation proved to lie in every table, and
/// below 1000, so that goldens stay small; numbers lie around 0. The same model gives the same.
struct SampleRequest {
    private static let rowCount = 5
    private static let idLimitMax = 1000

    /// A request of some rows.
    static func sample(_ graph: Graph, _ signature: Signature) -> SampleInputs {
        var random = RandomSource(seed: 7)
        return SampleInputs(
            candidateRowCount: rowCount,
            inputs: graph.inputs.map { id in
                let type = graph[id].type
                let ranges = idRanges(graph[id], signature)
                var bytes: [UInt8] = []
                for _ in 0..<(type.rows == .candidate ? rowCount : 1) {
                    for range in ranges { bytes += element(type.dtype, range, &random) }
                }
                return SampleInputs.Input(
                    name: graph[id].name, rowShape: type.fixedSizes ?? [], bytes: bytes)
            })
    }

    /// The ids of each column of an input.
    private static func idRanges(_ input: Value, _ signature: Signature) -> [Range<UInt32>] {
        let count = input.type.rowElementCount ?? 0
        var ranges = Array(repeating: UInt32(0)..<1, count: count)
        for feature in signature.features {
            if feature.slot.input == input.name {
                let limit = UInt32(min(feature.encoding.idCount ?? 1, idLimitMax))
                let start = feature.slot.column
                for column in start..<start + feature.columnCount { ranges[column] = 0..<limit }
            }
            if feature.slot.lengthInput == input.name {
                ranges = [0..<UInt32(min((feature.listLengthMax ?? 0) + 1, idLimitMax))]
            }
            // All tokens are real: a row without any is no text.
            if feature.slot.maskInput == input.name {
                ranges = Array(repeating: 1..<2, count: count)
            }
        }
        return ranges
    }

    private static func element(
        _ dtype: DataType, _ range: Range<UInt32>, _ random: inout RandomSource
    ) -> [UInt8] {
        let id = UInt32.random(in: range, using: &random)
        let bits = dtype == .float32 ? (random.uniform() * 2 - 1).bitPattern : id
        return withUnsafeBytes(of: bits.littleEndian) { Array($0) }
    }
}
