import TandemEngine
import TandemFeatures
import TandemGraph
import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

/// Weights of gates in answers, and what explains an answer.
@Suite struct GateWeightTests {
    /// Two features, two tasks: each with a gate of its own over three experts.
    private func mixture() throws -> (model: ServableModel, graph: Graph, tensors: TensorSet) {
        var builder = try GraphBuilder(name: "mixture")
        let numbers = try builder.input("numbers", TensorType(.float32, .candidate, sizes: [2]))
        var tensors: TensorSet = [:]
        func linear(_ name: String, _ width: Int) throws -> ValueID {
            let count = Float(tensors.count)
            let values = (0..<2 * width).map { Float($0 % 5) * 0.25 - 0.1 * count }
            tensors["\(name).weight"] = Tensor(.float32, shape: [width, 2], values)
            let weight = try builder.parameter("\(name).weight", .float32, [width, 2])
            return try builder.node(name, .linear, [numbers, weight])
        }
        let experts = try (0..<3).map { try linear("trunk/expert\($0)", 1) }
        for task in ["click", "buy"] {
            let logits = try linear("task/\(task)/gate", 3)
            let gates = try builder.node("task/\(task)/gates", .softmax, [logits])
            try builder.output(try builder.node(task, .mixture, [gates] + experts))
        }
        let graph = builder.finished()
        let number = FeatureEncoding.number(NumberEncoding(transforms: []))
        let signature = Signature(
            features: ["price", "quality"].enumerated().map { column, name in
                Feature(
                    name: name, side: .candidate, rawType: .float32, encoding: number,
                    slot: FeatureSlot(input: "numbers", column: column))
            },
            tasks: [Task("click", .regression), Task("buy", .regression)])
        let model = try ServableModel(
            name: "mixture", version: 1, signature: signature, executor: "float", graph: graph,
            plan: try Plan(graph.answeringGates(), tensors, blockRowCount: 64))
        return (model, graph, tensors)
    }

    private func message(rows: Int) -> PredictRequestMessage {
        var message = PredictRequestMessage(model: "mixture", rows: rows)
        message.candidates = [
            ColumnMessage("price", .float32((0..<rows).map { Float($0) / 7 })),
            ColumnMessage("quality", .float32((0..<rows).map { Float($0 % 3) })),
        ]
        message.wantsGateWeights = true
        return message
    }

    private func reference(_ rows: Int, _ graph: Graph, _ tensors: TensorSet) throws -> [[Float]] {
        let message = message(rows: rows)
        var numbers: [Float] = []
        guard case .float32(let price) = message.candidates[0].values,
            case .float32(let quality) = message.candidates[1].values
        else { throw HarnessError() }
        for row in 0..<rows { numbers += [price[row], quality[row]] }
        let outputs = try ReferenceExecutor(graph.answeringGates(), tensors).run(
            ["numbers": ReferenceTensor(rowCount: rows, shape: [2], .float32(numbers))],
            rowCount: rows)
        return try ["gate/click", "gate/buy"].map {
            try #require(outputs[$0]).floats
        }
    }

    @Test func `answers every gate's weights for every row`() throws {
        let (model, graph, tensors) = try mixture()
        #expect(model.gates == [GateAnswer("click", experts: 3), GateAnswer("buy", experts: 3)])
        let harness = try RunHarness(model)
        for rows in [1, 64, 150] {
            let answer = try harness.answer(message(rows: rows))
            #expect(answer.gates.map(\.name) == ["click", "buy"])
            for (gate, wanted) in zip(answer.gates, try reference(rows, graph, tensors)) {
                #expect(gate.width == 3 && gate.values.count == rows * 3)
                for (own, other) in zip(gate.values, wanted) { #expect(abs(own - other) < 1e-5) }
            }
            var plain = message(rows: rows)
            plain.wantsGateWeights = false
            let without = try harness.answer(plain)
            #expect(without.gates.isEmpty && without.tasks == answer.tasks)
        }
    }

    @Test func `gates follow the ranked rows and any list of tasks`() throws {
        let harness = try RunHarness(try mixture().model)
        let all = try harness.answer(message(rows: 9))
        var message = message(rows: 9)
        message.tasks = ["buy"]
        message.ranking = RankingMessage(.expression("click"), topK: 2, rankedRowsOnly: true)
        let answer = try harness.answer(message)
        let ranked = try #require(answer.rankedRows)
        #expect(answer.tasks.map(\.name) == ["buy"] && answer.gates.count == 2)
        for (place, row) in ranked.enumerated() {
            for gate in 0..<2 {
                let wanted = all.gates[gate].values[Int(row) * 3..<Int(row) * 3 + 3]
                #expect(
                    Array(answer.gates[gate].values[place * 3..<place * 3 + 3]) == Array(wanted))
            }
        }
    }

    @Test func `a model without gates returns none`() throws {
        var message = TinyRequests.predict()
        message.wantsGateWeights = true
        let answer = try RunHarness().answer(message)
        #expect(answer.gates.isEmpty && answer.tasks.count == 3)
    }

    @Test func `an explained request tells each step's time and each first value`() throws {
        let harness = try RunHarness()
        var message = TinyRequests.predict(rows: 70)
        message.candidates[1].presence = [UInt8](repeating: 0xFE, count: 9)
        let plain = try harness.answer(message)
        #expect(harness.session.run.pointee.explanation == nil)
        message.wantsExplanation = true
        #expect(try harness.answer(message).tasks == plain.tasks)
        let seen = try #require(harness.session.run.pointee.explanation)
        #expect(seen.firstValues == ["0.5", "id 2", "0.0", "missing", "id 4", "empty"])
        #expect(seen.steps.nanoseconds.count == harness.session.run.pointee.model.plan.steps.count)
    }
}
