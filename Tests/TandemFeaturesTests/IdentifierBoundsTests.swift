import TandemFeatures
import TandemGraph
import Testing

/// No id may reach a table that is too small: the kernels rely on it.
@Suite struct IdentifierBoundsTests {
    /// Ten ids.
    let feature = Feature.id("x", .text, .hashing(HashEncoding(bucketCount: 9)))
    let list = Feature.id("x", .text, .hashing(HashEncoding(bucketCount: 9)), listLengthMax: 3)

    /// The refusal of a graph over the feature's inputs.
    func refusal(
        _ features: [Feature], output width: Int,
        _ build: (inout GraphBuilder, [ValueID]) throws -> ValueID
    ) throws -> FeatureError? {
        var builder = try GraphBuilder(name: "bounds")
        var inputs: [ValueID] = []
        for feature in features {
            let sizes = feature.listLengthMax.map { [$0] } ?? []
            inputs.append(
                try builder.input(
                    feature.slot.input, TensorType(.int32, .candidate, sizes: sizes)))
            if let length = feature.slot.lengthInput {
                inputs.append(try builder.input(length, TensorType(.int32, .candidate, [])))
            }
        }
        try builder.output(try build(&builder, inputs))
        let graph = builder.finished()
        let signature = Signature(
            features: features, tasks: [Task("score", .vector(width: width))])
        return failure { try signature.validate(against: graph) }
    }

    @Test(arguments: [9, 10, 11])
    func `a table has a row for each id`(rows: Int) throws {
        let refusals = try [
            refusal([feature], output: 2) { builder, inputs in
                let table = try builder.parameter("table", .float32, [rows, 2])
                return try builder.node("score", .embedding, [inputs[0], table])
            },
            refusal([list], output: 2) { builder, inputs in
                let table = try builder.parameter("table", .float32, [rows, 2])
                return try builder.node(
                    "score", .embeddingPool(.mean), [inputs[0], inputs[1], table])
            },
            refusal([feature], output: 2) { builder, inputs in
                let table = try builder.parameter("table", .int8, [rows, 2])
                let scale = try builder.parameter("scale", .float32, [rows])
                return try builder.node(
                    "score", .quantizedEmbedding, [inputs[0], table, scale])
            },
            refusal([list], output: 2) { builder, inputs in
                let table = try builder.parameter("table", .int8, [rows, 2])
                let scale = try builder.parameter("scale", .float32, [rows])
                return try builder.node(
                    "score", .quantizedEmbeddingPool(.sum), [inputs[0], inputs[1], table, scale])
            },
        ]
        for refusal in refusals {
            #expect((refusal == nil) == (rows >= 10))
            if let refusal {
                #expect(refusal.code == .identifierOutOfRange)
                #expect(refusal.subject == "x")
                #expect(refusal.limit == 9 && refusal.actual == 10)
            }
        }
    }

    @Test(arguments: [9, 10])
    func `ids are followed through reshape, slice and concat`(rows: Int) throws {
        let small = Feature.id("y", .text, .hashing(HashEncoding(bucketCount: 3)), listLengthMax: 2)
        let refusal = try refusal([list, small], output: 3) { builder, inputs in
            let joined = try builder.node("joined", .concat(axis: 0), [inputs[2], inputs[0]])
            let cut = try builder.node("cut", .slice(axis: 0, start: 2, end: 5), [joined])
            let shaped = try builder.node("shaped", .reshape([3, 1]), [cut])
            let table = try builder.parameter("table", .float32, [rows, 1])
            let looked = try builder.node("looked", .embedding, [shaped, table])
            _ = try builder.node(
                "pool", .embeddingPool(.sum),
                [
                    inputs[0], inputs[1],
                    try builder.parameter("other", .float32, [10, 1]),
                ])
            return try builder.node("score", .reshape([3]), [looked])
        }
        #expect((refusal == nil) == (rows >= 10))
        #expect(refusal == nil || refusal?.subject == "x")
    }

    /// The engine keeps such ids within the table.
    @Test func `follows no ids that are a parameter's or computed`() throws {
        let refusal = try refusal([list], output: 4) { builder, inputs in
            let constants = try builder.parameter("constants", .int32, [1])
            let joined = try builder.node("joined", .concat(axis: 0), [inputs[0], constants])
            let table = try builder.parameter("table", .float32, [10, 1])
            let looked = try builder.node("looked", .embedding, [joined, table])
            return try builder.node("score", .reshape([4]), [looked])
        }
        #expect(refusal == nil)
        let computed = try self.refusal([feature], output: 1) { builder, inputs in
            let twice = try builder.node("twice", .binary(.add), [inputs[0], inputs[0]])
            let table = try builder.parameter("table", .float32, [10, 1])
            return try builder.node("score", .embedding, [twice, table])
        }
        #expect(computed == nil)
    }

    @Test func `refuses a length that a list is too short for`() throws {
        let refusal = try refusal([list], output: 1) { builder, inputs in
            let cut = try builder.node("cut", .slice(axis: 0, start: 0, end: 2), [inputs[0]])
            let table = try builder.parameter("table", .float32, [10, 1])
            return try builder.node("score", .embeddingPool(.mean), [cut, inputs[1], table])
        }
        #expect(refusal?.code == .identifierOutOfRange)
        #expect(refusal?.limit == 3 && refusal?.actual == 4)
    }
}
