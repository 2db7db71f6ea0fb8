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
                let limits = idLimits(graph[id], signature)
                var bytes: [UInt8] = []
                for _ in 0..<(type.rows == .candidate ? rowCount : 1) {
                    for limit in limits {
                        bytes += element(type.dtype, below: UInt32(limit), &random)
                    }
                }
                return SampleInputs.Input(
                    name: graph[id].name, rowShape: type.fixedSizes ?? [], bytes: bytes)
            })
    }

    /// One more than the largest id of each column of an input.
    private static func idLimits(_ input: Value, _ signature: Signature) -> [Int] {
        var limits = Array(repeating: 1, count: input.type.rowElementCount ?? 0)
        for feature in signature.features {
            if feature.slot.input == input.name {
                let start = feature.slot.column
                for column in start..<start + feature.columnCount {
                    limits[column] = min(feature.encoding.idCount ?? 1, idLimitMax)
                }
            }
            if feature.slot.lengthInput == input.name {
                limits = [min((feature.listLengthMax ?? 0) + 1, idLimitMax)]
            }
        }
        return limits
    }

    private static func element(
        _ dtype: DataType, below limit: UInt32, _ random: inout RandomSource
    ) -> [UInt8] {
        let id = UInt32.random(in: 0..<limit, using: &random)
        let bits = dtype == .float32 ? (random.uniform() * 2 - 1).bitPattern : id
        return withUnsafeBytes(of: bits.littleEndian) { Array($0) }
    }
}
