import TandemEngine
import TandemGraph
import Testing

@testable import TandemImport

@Suite struct ContextFormTests {
    /// The float program of a model: its batch taken out, its context computed once a request.
    static func program(_ model: ONNXModel, _ form: ServingForm) throws -> WeightedGraph {
        var options = ImportOptions()
        options.keepsQuantization = false
        let imported = try Importer.importModel(model, options: options)
        let outcome = try form.outcome(for: WeightedGraph(imported.graph, imported.tensors))
        #expect(outcome.refusals == [])
        return try ProgramCompiler.float(try #require(outcome.model))
    }

    private static func program(_ form: ContextForms.Form) throws -> WeightedGraph {
        try program(
            try ContextForms.model(form).load(), ContextForms.servingForm(form))
    }

    @Test func `one model costs the same in every form`() throws {
        let work = try ContextForms.Form.allCases.map { try Self.program($0).graph.work }
        // 10 first units over 8 and 5 columns; a mixture of 2 by 4; a head of 4.
        #expect(work[0].perRequest == 80)
        #expect(work[0].perCandidate == 62)
        #expect(work[1] == work[0])
        #expect(work[2] == work[0])
    }

    @Test(arguments: [1, 7])
    func `one model answers the same in every form`(rowCount: Int) throws {
        let scores = try ContextForms.Form.allCases.map { form in
            let program = try Self.program(form)
            let results = try ReferenceExecutor(program.graph, program.tensors).run(
                ContextForms.request(form, rowCount: rowCount), rowCount: rowCount)
            return try #require(results["score"])
        }
        #expect(Set(scores[0].numbers).count == rowCount, "the rows differ")
        #expect(scores[1].largestDifference(from: scores[0]) <= 1e-5)
        #expect(scores[2].largestDifference(from: scores[0]) <= 1e-5)
    }
}
