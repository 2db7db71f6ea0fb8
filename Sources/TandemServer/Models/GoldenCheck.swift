internal import TandemEngine
internal import TandemGraph
internal import TandemPackage
internal import TandemRequest

/// Compares what a freshly loaded plan answers with what it answered when the package was written.
///
/// Bit for bit under the numerics version that the package was written for, within its tolerance
/// under another. It catches what no checksum can: a kernel that computes something else on this
/// machine.
struct GoldenCheck {
    private let model: String
    private let program: Program
    private let plan: Plan

    init(_ model: String, _ program: Program, _ plan: Plan) {
        self.model = model
        self.program = program
        self.plan = plan
    }

    /// Runs all vectors.
    ///
    /// - Throws: `loadFailed`, naming task, row and both numbers.
    func run(_ goldens: [GoldenVector]) throws(RequestError) {
        for (number, golden) in goldens.enumerated() {
            guard let expected = golden.output(of: program.name) else { continue }
            let workspace = try workspace(max(golden.candidateRows, 1))
            for (index, port) in plan.inputs.enumerated() {
                guard let input = golden.inputs.first(where: { $0.name == port.name }) else {
                    throw failure("golden vector \(number) lacks input '\(port.name)'")
                }
                let rows = golden.rows(on: port.rows)
                let wanted = rows * port.width * port.dtype.byteCount
                guard input.bytes.count == wanted else {
                    throw failure("golden vector \(number) has a wrong size at '\(port.name)'")
                }
                workspace.input(index).copyMemory(from: input.bytes, byteCount: wanted)
            }
            plan.run(workspace, rowCount: golden.candidateRows)
            for tensor in expected.tensors {
                try compare(tensor, workspace, golden.candidateRows, number)
            }
        }
    }

    private func workspace(_ rowCount: Int) throws(RequestError) -> Workspace {
        do throws(EngineError) {
            return try Workspace(ifPossible: plan, rowCountMax: rowCount)
        } catch { throw failure(error.message) }
    }

    private func compare(
        _ tensor: GoldenTensor, _ workspace: Workspace, _ rows: Int, _ number: Int
    ) throws(RequestError) {
        guard let index = plan.outputs.firstIndex(where: { $0.name == tensor.name }) else {
            throw failure("golden vector \(number) names '\(tensor.name)', which is no output")
        }
        let width = plan.outputs[index].width
        let expected = tensor.elements(as: Float.self)
        guard expected.count == rows * width else {
            throw failure("golden vector \(number) has a wrong size at '\(tensor.name)'")
        }
        let isExact = program.numericsVersion == ProgramCompiler.numericsVersion
        let actual = workspace.output(index)
        for position in expected.indices {
            let (want, got) = (expected[position], actual[position])
            let isRight =
                isExact
                ? want.bitPattern == got.bitPattern
                : abs(want - got) <= program.tolerance * max(1, abs(want))
            guard isRight else {
                throw failure(
                    "the self-check failed: golden vector \(number), task '\(tensor.name)', row "
                        + "\(position / width): expected \(want), computed \(got)")
            }
        }
    }

    private func failure(_ message: String) -> RequestError {
        RequestError(
            .loadFailed, "model '\(model)', program '\(program.name)': \(message)", model: model)
    }
}
