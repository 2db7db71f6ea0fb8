import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemPackage

/// What a package says of a graph: its stored form, and its name by content.
@Suite struct GraphIdentityTests {
    /// Computed by Python's hashlib from the canonical text, which is written down here, so that
    /// neither can change unnoticed: packages and people keep these hashes.
    @Test func `the content hash of a graph stays what it is`() throws {
        let graph = try Graph(
            text: """
                graph g {
                  input x: f32 candidate [2]
                  parameter w: f32 [3, 2]
                  parameter b: f32 [3]
                  h = linear(x, w, b): f32 candidate [3]
                  s = affine(h) {scale=0.5, offset=-1.0}: f32 candidate [3]
                  y = subtract(h, s): f32 candidate [3]
                  output y
                }
                """)
        let model = WeightedGraph(
            graph,
            [
                "w": Tensor(.float32, shape: [3, 2], [1, 2, 3, 4, 5, 6] as [Float]),
                "b": Tensor(.float32, shape: [3], [0.5, -1, 2] as [Float]),
            ])
        let text = try model.canonicalText { "\($0.elementCount) elements" }
        #expect(
            text == """
                %0 = input x: f32 candidate [2]
                %1 = parameter 6 elements: f32 [3, 2]
                %2 = parameter 3 elements: f32 [3]
                %3 = linear {} (%0, %1, %2): f32 candidate [3]
                %4 = affine {scale=0.5, offset=-1.0} (%3): f32 candidate [3]
                %5 = subtract {} (%3, %4): f32 candidate [3]
                output y: %5

                """)
        #expect(
            try model.contentID().hexadecimal
                == "885233978660bbcba902f616feef3ca3fc56e997abc83690eac5a558a54096cc")
    }

    @Test func `a manifest gives back every graph that it can hold`() throws {
        var options = RandomGraphOptions()
        options.style = .wild
        let sample = try SampleContents.make().model
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed, options)
            let graph = random.model.graph
            var model = sample
            model.programs[0].graph = graph
            let manifest = Manifest(model: model, tensors: [], shards: [])
            let decoded = try manifest.encoded().withUnsafeBytes { try Manifest.decode($0) }
            let read = decoded.model.programs[0].graph
            #expect(read.text == graph.text, "seed \(seed)")
            #expect(try Graph(text: read.text) == Graph(text: graph.text), "seed \(seed)")
        }
    }
}
