import TandemGraph
import Testing

@Suite struct GraphTextTests {
    private static let whole = """
        graph shop {
          input user: i32 context []
          input words: f32 candidate [s, 4]
          parameter table: f32 [10, 4]
          parameter w: f32 [8, 4]
          u = embedding(user, table): f32 context [4]
          sum = reduce_sum(words) {axis=0}: f32 candidate [4]
          both = add(u, sum): f32 candidate [4]
          scaled = affine(both) {scale=0.5, offset=-1e-05}: f32 candidate [4]
          flat = reshape(words) {shape=[4*s]}: f32 candidate [4*s]
          count = size() {of=4*s}: i64 []
          h = linear(scaled, w): f32 candidate [8]
          wide = cast(h) {to=i32}: i32 candidate [8]
          part = slice(h) {axis=0, start=2, end=8}: f32 candidate [6]
          click = transpose(part) {permutation=[0]}: f32 candidate [6]
          output click
          output wide
        }

        """

    @Test func `text reads back to the same text`() throws {
        let graph = try Graph(text: Self.whole)
        #expect(graph.text == Self.whole)
        #expect(try Graph(text: graph.text) == graph)
        #expect(graph.outputs.map { graph[$0].name } == ["click", "wide"])
    }

    @Test func `a built model's text reads back`() throws {
        let model = try ModelBuilder.build(
            name: "m",
            inputs: ModelInputs(
                contextDenseWidth: 2, candidateDenseWidth: 3,
                embeddings: [
                    EmbeddedFeature(
                        input: "tags", side: .candidate, idCount: 5, dimension: 4,
                        listLengthMax: 3)
                ]),
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 2, expertLayers: [4]), towerLayers: [3],
                heads: [TaskHead("click", .binary), TaskHead("kind", .multiclass(classCount: 3))]),
            seed: 1)
        #expect(try Graph(text: model.graph.text).text == model.graph.text)
    }

    @Test(
        arguments: [
            ("", 1), ("graph g", 1), ("graph g {", 1), ("graph g {\n}\nx", 3),
            ("graph g {\n  input x\n}", 2), ("graph g {\n  input x: f99 []\n}", 2),
            ("graph g {\n  input x: f32 rows []\n}", 2), ("graph g {\n  input x: f32 [a b]\n}", 2),
            ("graph g {\n  input x: f32 [-1]\n}", 2), ("graph g {\n  what x\n}", 2),
            ("graph g {\n  input x: f32 []\n  y = relu x: f32 []\n}", 3),
            ("graph g {\n  input x: f32 []\n  y = relu(x) f32 []\n}", 3),
            ("graph g {\n  input x: f32 []\n  y = relu(x) {a: f32 []\n}", 3),
            ("graph g {\n  input x: f32 []\n  y = relu(x): f32 [2]\n}", 3),
            ("graph g {\n  input : f32 []\n}", 2), ("graph g {\n  output \n}", 2),
            ("graph g {\n  input x: f32 []\n   = relu(x): f32 []\n}", 3),
        ])
    func `refuses what is no graph's text, with the line`(text: String, line: Int) throws {
        let error = #expect(throws: GraphError.self) { try Graph(text: text) }
        #expect(error?.code == .invalidText)
        #expect(error?.subject == "line \(line)")
    }

    @Test(
        arguments: [
            ("y = relu(z): f32 []", GraphError.Code.unknownValue),
            ("y = leap(x): f32 []", .unknownOperation),
            ("y = affine(x) {scale=1.0}: f32 []", .invalidAttribute),
            ("y = affine(x) {scale=nan, offset=0.0}: f32 []", .invalidAttribute),
            ("y = add(x): f32 []", .wrongArity), ("x = relu(x): f32 []", .duplicateName),
        ])
    func `refuses a graph that is none, naming the node`(
        line: String, code: GraphError.Code
    ) throws {
        let text = "graph g {\n  input x: f32 []\n  \(line)\n}"
        let error = #expect(throws: GraphError.self) { try Graph(text: text) }
        #expect(error?.code == code)
    }

    @Test func `no text ends the program`() throws {
        var random = RandomSource(seed: 2)
        let bytes = Array(Self.whole.utf8)
        for _ in 0..<2000 {
            var changed = bytes
            for _ in 0...(random.next() % 4) {
                let place = Int(random.next() % UInt64(changed.count))
                switch random.next() % 3 {
                case 0: changed.remove(at: place)
                case 1: changed[place] = UInt8(truncatingIfNeeded: random.next())
                default: changed.insert(UInt8(ascii: "["), at: place)
                }
            }
            let text = String(decoding: changed, as: UTF8.self)
            if let graph = try? Graph(text: text) {
                #expect(try Graph(text: graph.text) == graph)
            }
        }
    }

    @Test func `the drawing has a box a node and quotes its labels`() throws {
        let dot = try Graph(text: Self.whole).dot
        #expect(dot.hasPrefix("digraph \"shop\" {"))
        #expect(dot.contains("linear\\nw [8, 4]\\nh: f32 candidate [8]"))
        #expect(dot.split(separator: "\n").count { $0.contains("[label=") } == 12)
    }

    // MARK: Canonical text

    private func canonical(_ text: String, _ tensors: TensorSet) throws -> String {
        try WeightedGraph(try Graph(text: text), tensors).canonicalText { tensor in
            "\(Array(tensor.bytes))"
        }
    }

    @Test func `names of values, of weights and the order of nodes make no difference`() throws {
        let one = Tensor(.float32, shape: [1], [1 as Float])
        let two = Tensor(.float32, shape: [1], [2 as Float])
        let first = try canonical(
            """
            graph a {
              input x: f32 candidate [1]
              parameter p: f32 [1]
              parameter q: f32 [1]
              l = add(x, p): f32 candidate [1]
              r = multiply(q, x): f32 candidate [1]
              y = subtract(l, r): f32 candidate [1]
              output y
            }
            """, ["p": one, "q": two])
        let second = try canonical(
            """
            graph b {
              input x: f32 candidate [1]
              parameter weight: f32 [1]
              parameter bias: f32 [1]
              product = multiply(x, weight): f32 candidate [1]
              sum = add(bias, x): f32 candidate [1]
              y = subtract(sum, product): f32 candidate [1]
              output y
            }
            """, ["bias": one, "weight": two])
        #expect(first == second)
        let swapped = try canonical(
            """
            graph b {
              input x: f32 candidate [1]
              parameter weight: f32 [1]
              parameter bias: f32 [1]
              product = multiply(x, weight): f32 candidate [1]
              sum = add(bias, x): f32 candidate [1]
              y = subtract(product, sum): f32 candidate [1]
              output y
            }
            """, ["bias": one, "weight": two])
        #expect(swapped != first)
    }

    @Test func `a weight that is an answer is known by its contents`() throws {
        let text = "graph a {\n  parameter p: f32 [1]\n  output p\n}"
        let one = try canonical(text, ["p": Tensor(.float32, shape: [1], [1 as Float])])
        let two = try canonical(text, ["p": Tensor(.float32, shape: [1], [2 as Float])])
        #expect(one != two)
    }

    @Test func `other contents of a weight make another text`() throws {
        let text = """
            graph a {
              input x: f32 candidate [1]
              parameter p: f32 [1]
              y = add(x, p): f32 candidate [1]
              output y
            }
            """
        let one = try canonical(text, ["p": Tensor(.float32, shape: [1], [1 as Float])])
        let two = try canonical(text, ["p": Tensor(.float32, shape: [1], [2 as Float])])
        #expect(one != two)
    }
}
