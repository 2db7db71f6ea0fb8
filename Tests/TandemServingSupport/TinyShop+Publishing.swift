import TandemEngine
import TandemGraph
import TandemPackage
import TandemRequest
package import TandemWire

extension TinyShop {
    /// Publishes the model into a repository.
    ///
    /// - Parameters:
    ///   - repository: The repository's directory.
    ///   - version: From 1.
    ///   - name: The model's name.
    ///   - goldenRating: What the golden vector expects of the rating of quality 2; 5 is right.
    ///   - numericsVersion: The arithmetic that the golden vector says it is of.
    ///   - itemCount: Buckets of items.
    ///   - warmUp: A warm-up request of the package; nil for a right one.
    /// - Returns: The version's directory.
    /// - Throws: What the package room throws.
    @discardableResult
    package static func publish(
        to repository: String, version: UInt64 = 1, name: String = "tiny",
        goldenRating: Float = 5, numericsVersion: UInt32 = ProgramCompiler.numericsVersion,
        itemCount: Int = itemCount, warmUp: PredictRequestMessage? = nil
    ) throws -> String {
        let graph = try graph(itemCount: itemCount)
        let tensors = tensors(itemCount: itemCount)
        let plan = try Plan(graph, tensors)
        let golden = GoldenVector(
            candidateRows: 1,
            inputs: try plan.inputs.map { port in
                let values: [Float] = port.name == "numbers" ? [1, 2] : [0.5]
                guard case .float32 = port.dtype else {
                    let ids = [Int32](repeating: 0, count: port.width)
                    return GoldenTensor(
                        name: port.name, rowShape: try shape(graph, port.name), elements: ids)
                }
                return GoldenTensor(
                    name: port.name, rowShape: try shape(graph, port.name), elements: values)
            },
            outputs: [
                GoldenOutput(
                    program: Program.float, tensors: try goldenOutputs(graph, plan, goldenRating))
            ])
        let model = PackagedModel(
            name: name, createdWith: "tests", signature: try signature(itemCount: itemCount),
            programs: [
                Program(name: Program.float, graph: graph, numericsVersion: numericsVersion)
            ],
            goldens: [golden], warmUps: [try requestBytes(warmUp ?? TinyRequests.predict())],
            quality: [
                QualityFigure(
                    program: Program.float, task: "click", metric: "auc", value: 0.75, rowCount: 9)
            ])
        return try Repository(path: repository).publish(
            PackageContents(model: model, tensors: tensors), version: version)
    }

    private static func shape(_ graph: Graph, _ name: String) throws -> [Int] {
        let value = graph.inputs.map { graph[$0] }.first { $0.name == name }
        return value?.type.fixedSizes ?? []
    }

    /// What the plan answers to the golden inputs, with another rating if so asked.
    private static func goldenOutputs(
        _ graph: Graph, _ plan: Plan, _ rating: Float
    ) throws -> [GoldenTensor] {
        let workspace = Workspace(plan, rowCountMax: 1)
        for (index, port) in plan.inputs.enumerated() {
            let base = workspace.input(index)
            if port.dtype == .float32 {
                let values: [Float] = port.name == "numbers" ? [1, 2] : [0.5]
                base.copyMemory(from: values, byteCount: values.count * 4)
            } else {
                base.initializeMemory(as: UInt8.self, repeating: 0, count: port.width * 4)
            }
        }
        plan.run(workspace, rowCount: 1)
        return plan.outputs.enumerated().map { index, port in
            var values = Array(
                UnsafeBufferPointer(start: workspace.output(index), count: port.width))
            if port.name == "rating" { values = [rating] }
            return GoldenTensor(
                name: port.name, rowShape: port.name == "class" ? [3] : [1], elements: values)
        }
    }

    /// A `PredictRequest` without its envelope, as packages store warm-ups.
    private static func requestBytes(_ message: PredictRequestMessage) throws -> [UInt8] {
        let payload = TinyRequests.payload(try TinyRequests.frame(id: 1, message)) ?? []
        // Field 1 (id 1), then field 10: its tag, its length, its bytes.
        var position = 3
        while position < payload.count, payload[position] & 0x80 != 0 { position += 1 }
        return Array(payload.dropFirst(position + 1))
    }
}
