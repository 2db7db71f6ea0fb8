import TandemEngine
package import TandemFeatures
package import TandemGraph
package import TandemRequest

/// A model whose answers can be worked out by hand, with a feature and a task of each kind.
///
///     click  = sigmoid(age + country + price - quality + item + mean(tags))     binary
///     rating = 2 quality + 1                                                    regression
///     class  = softmax(price, quality, 0)                                       three classes
///
/// A country counts by its id (missing 0, unknown 1, "de" 2, "fr" 3), an item 0.25 if it has one, a
/// tag its own number 1 ... 4.
package enum TinyShop {
    /// Buckets of items; with more of them, the table of items is larger and nothing else changes.
    package static let itemCount = 8

    /// What the model takes and answers.
    package static func signature(itemCount: Int = itemCount) throws -> Signature {
        let countries = Vocabulary(values: [Array("de".utf8), Array("fr".utf8)])
        let tags = Vocabulary(integers: [10, 20, 30, 40])
        guard let countries, let tags else {
            throw FeatureError(.invalidVocabulary, "tiny", "a value stands twice")
        }
        let number = FeatureEncoding.number(NumberEncoding(transforms: []))
        return Signature(
            features: [
                Feature(
                    name: "age", side: .context, rawType: .float32, encoding: number,
                    slot: FeatureSlot(input: "context")),
                Feature(
                    name: "country", side: .context, rawType: .text,
                    encoding: .vocabulary(VocabularyEncoding(vocabulary: countries)),
                    slot: FeatureSlot(input: "country")),
                Feature(
                    name: "price", side: .candidate, rawType: .float32, isRequired: true,
                    encoding: number, slot: FeatureSlot(input: "numbers")),
                Feature(
                    name: "quality", side: .candidate, rawType: .float32, encoding: number,
                    slot: FeatureSlot(input: "numbers", column: 1)),
                Feature(
                    name: "item", side: .candidate, rawType: .int64,
                    encoding: .hashing(HashEncoding(bucketCount: itemCount)),
                    slot: FeatureSlot(input: "item")),
                Feature(
                    name: "tags", side: .candidate, rawType: .int64, listLengthMax: 3,
                    encoding: .vocabulary(VocabularyEncoding(vocabulary: tags)),
                    slot: FeatureSlot(input: "tags", lengthInput: "tags.length")),
            ],
            tasks: [
                Task("click", .binary, labels: ["no", "yes"]),
                Task("rating", .regression, given: "click"),
                Task("class", .multiclass(classCount: 3), labels: ["a", "b", "c"]),
            ],
            formulas: [RankingFormula(name: "value", expression: "click * rating")])
    }

    /// The arithmetic above; a heavy one adds a zero that takes 0.3 million float multiply-adds a
    /// row, so that a block is computed in two slices.
    package static func graph(
        itemCount: Int = itemCount, isHeavy: Bool = false
    ) throws -> Graph {
        var builder = try GraphBuilder(name: "tiny")
        let age = try builder.input("context", TensorType(.float32, .context, sizes: [1]))
        let country = try builder.input("country", TensorType(.int32, .context, sizes: []))
        let numbers = try builder.input("numbers", TensorType(.float32, .candidate, sizes: [2]))
        let item = try builder.input("item", TensorType(.int32, .candidate, sizes: []))
        let tags = try builder.input("tags", TensorType(.int32, .candidate, sizes: [3]))
        let length = try builder.input("tags.length", TensorType(.int32, .candidate, sizes: []))
        let countryTable = try builder.parameter("country.table", .float32, [4, 1])
        let itemTable = try builder.parameter(
            "item.table", .float32, [itemCount + 1, 1])
        let tagTable = try builder.parameter("tags.table", .float32, [6, 1])
        let clickWeight = try builder.parameter("click.weight", .float32, [1, 2])
        let classWeight = try builder.parameter("class.weight", .float32, [3, 2])

        let countryValue = try builder.node("country.value", .embedding, [country, countryTable])
        let user = try builder.node("user", .binary(.add), [age, countryValue])
        let itemValue = try builder.node("item.value", .embedding, [item, itemTable])
        let tagValue = try builder.node(
            "tags.value", .embeddingPool(.mean), [tags, length, tagTable])
        var offer = try builder.node("offer", .linear, [numbers, clickWeight])
        if isHeavy { offer = try heavy(offer, numbers, &builder) }
        let product = try builder.node("product", .binary(.add), [itemValue, tagValue])
        let base = try builder.node("base", .binary(.add), [offer, product])
        let logit = try builder.node("click.logit", .binary(.add), [base, user])
        let click = try builder.node("click", .unary(.sigmoid), [logit])
        let quality = try builder.node("quality", .slice(axis: 0, start: 1, end: 2), [numbers])
        let rating = try builder.node("rating", .affine(scale: 2, offset: 1), [quality])
        let classLogit = try builder.node("class.logit", .linear, [numbers, classWeight])
        let classes = try builder.node("class", .softmax, [classLogit])
        for output in [click, rating, classes] { try builder.output(output) }
        return builder.finished()
    }

    private static let heavyWidth = 512

    private static func heavy(
        _ offer: ValueID, _ numbers: ValueID, _ builder: inout GraphBuilder
    ) throws -> ValueID {
        let width = heavyWidth
        let up = try builder.parameter("up.weight", .float32, [width, 2])
        let across = try builder.parameter("across.weight", .float32, [width, width])
        let wide = try builder.node("up", .linear, [numbers, up])
        let zeros = try builder.node("across", .linear, [wide, across])
        let zero = try builder.node("zero", .slice(axis: 0, start: 0, end: 1), [zeros])
        return try builder.node("heavy.offer", .binary(.add), [offer, zero])
    }

    /// The numbers above.
    package static func tensors(itemCount: Int = itemCount) -> TensorSet {
        func tensor(_ shape: [Int], _ values: [Float]) -> Tensor {
            Tensor(.float32, shape: shape, values)
        }
        return [
            "country.table": tensor([4, 1], [0, 1, 2, 3]),
            "item.table": tensor(
                [itemCount + 1, 1], [0] + [Float](repeating: 0.25, count: itemCount)),
            "tags.table": tensor([6, 1], [0, 0, 1, 2, 3, 4]),
            "click.weight": tensor([1, 2], [1, -1]),
            "class.weight": tensor([3, 2], [1, 0, 0, 1, 0, 0]),
        ]
    }

    private static func heavyTensors() -> TensorSet {
        var tensors = tensors()
        for (name, inputs) in [("up.weight", 2), ("across.weight", heavyWidth)] {
            tensors[name] = Tensor(
                .float32, shape: [heavyWidth, inputs],
                [Float](repeating: 0, count: heavyWidth * inputs))
        }
        return tensors
    }

    /// The model, ready to serve.
    package static func model(
        version: UInt64 = 1, name: String = "tiny", blockRowCount: Int? = nil,
        isHeavy: Bool = false
    ) throws -> ServableModel {
        let graph = try graph(isHeavy: isHeavy)
        let tensors = isHeavy ? heavyTensors() : tensors()
        return try ServableModel(
            name: name, version: version, signature: try signature(), executor: "float",
            graph: graph, plan: try Plan(graph, tensors, blockRowCount: blockRowCount))
    }
}
