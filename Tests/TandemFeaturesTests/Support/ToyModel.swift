import TandemFeatures
import TandemGraph

/// A graph that just fits some features, an encoder for it, and memory for its inputs.
final class ToyModel {
    let signature: Signature
    let graph: Graph
    let encoder: FeatureEncoder
    let inputs: EncodedInputs
    private let memory: [UnsafeMutableRawPointer]
    private let widths: [Int]
    let rowCountMax: Int

    /// Takes memory, with `spareColumns` elements between a row's end and the next row's start.
    init(_ features: [Feature], rowCountMax: Int = 64, spareColumns: Int = 3) throws {
        signature = Signature(features: features, tasks: [Task("score", .binary)])
        graph = try Self.graph(features)
        encoder = try FeatureEncoder(signature: signature, graph: graph)
        self.rowCountMax = rowCountMax
        var memory: [UnsafeMutableRawPointer] = []
        var widths: [Int] = []
        for id in graph.inputs {
            let width = (graph[id].type.rowElementCount ?? 0) + spareColumns
            let bytes = UnsafeMutableRawPointer.allocate(
                byteCount: width * rowCountMax * 4, alignment: 64)
            bytes.initializeMemory(as: Int32.self, repeating: -99, count: width * rowCountMax)
            memory.append(bytes)
            widths.append(width)
        }
        self.memory = memory
        self.widths = widths
        inputs = EncodedInputs(
            zip(memory, widths).map { EncodedInput(base: $0, rowStride: $1) })
    }

    deinit {
        for bytes in memory { bytes.deallocate() }
    }

    /// Encodes the first feature's column.
    @discardableResult
    func encode(_ column: OwnedColumn?, rows: Int) throws -> FeatureCounts {
        try encode(0, column, rows: rows)
    }

    /// Encodes a column and returns what was seen.
    @discardableResult
    func encode(_ feature: Int, _ column: OwnedColumn?, rows: Int) throws -> FeatureCounts {
        var counts = FeatureCounts()
        guard let column else {
            try encoder.encode(
                feature: feature, nil, rowCount: rows, into: inputs, counts: &counts)
            return counts
        }
        try column.withRaw { raw in
            try encoder.encode(
                feature: feature, raw, rowCount: rows, into: inputs, counts: &counts)
        }
        return counts
    }

    /// The numbers in a column of an input.
    func numbers(_ input: String, column: Int = 0, rows: Int) -> [Float] {
        (0..<rows).map { element(input, $0, column, Float.self) }
    }

    /// The ids in a column of an input.
    func ids(_ input: String, column: Int = 0, rows: Int) -> [Int32] {
        (0..<rows).map { element(input, $0, column, Int32.self) }
    }

    /// A row of a list input.
    func list(_ input: String, row: Int, count: Int) -> [Int32] {
        (0..<count).map { element(input, row, $0, Int32.self) }
    }

    private func element<Element>(
        _ input: String, _ row: Int, _ column: Int, _ type: Element.Type
    ) -> Element {
        let index = graph.inputs.firstIndex { graph[$0].name == input } ?? 0
        let offset = row * widths[index] + column
        return memory[index].load(fromByteOffset: offset * 4, as: type)
    }

    /// Inputs as the slots say, tables with just enough rows, and one binary task over it all.
    static func graph(_ features: [Feature]) throws -> Graph {
        var builder = try GraphBuilder(name: "toy")
        var parts: [ValueID] = []
        var denseWidths: [(name: String, side: RowAxis, width: Int)] = []
        for feature in features where feature.encoding.idCount == nil {
            let slot = feature.slot
            let end = max(slot.column + feature.width, (slot.missingColumn ?? -1) + 1)
            if let index = denseWidths.firstIndex(where: { $0.name == slot.input }) {
                denseWidths[index].width = max(denseWidths[index].width, end)
            } else {
                denseWidths.append((slot.input, feature.side, end))
            }
        }
        for dense in denseWidths {
            parts.append(
                try builder.input(
                    dense.name, TensorType(.float32, dense.side, sizes: [dense.width])))
        }
        for feature in features {
            if let idCount = feature.encoding.idCount {
                parts.append(try embedding(feature, idCount, &builder))
            }
        }
        let joined = try builder.node("joined", .concat(axis: 0), parts)
        let width = builder.type(of: joined).shape.first?.fixedSize ?? 0
        let weight = try builder.parameter("weight", .float32, [1, width])
        let logit = try builder.node("logit", .linear, [joined, weight])
        try builder.output(try builder.node("score", .unary(.sigmoid), [logit]))
        return builder.finished()
    }

    private static func embedding(
        _ feature: Feature, _ idCount: Int, _ builder: inout GraphBuilder
    ) throws -> ValueID {
        let sizes =
            feature.columnCount == 1 && feature.listLengthMax == nil
            ? [] : [feature.columnCount]
        let name = feature.slot.input
        let ids = try builder.input(name, TensorType(.int32, feature.side, sizes: sizes))
        let table = try builder.parameter("\(name)/table", .float32, [idCount, 2])
        guard let lengthInput = feature.slot.lengthInput else {
            let rows = try builder.node("\(name)/embedding", .embedding, [ids, table])
            return try builder.node(
                "\(name)/flat", .reshape([.fixed(2 * feature.columnCount)]), [rows])
        }
        let length = try builder.input(lengthInput, TensorType(.int32, feature.side, []))
        return try builder.node(
            "\(name)/embedding", .embeddingPool(.mean), [ids, length, table])
    }
}

extension Feature {
    /// A candidate number with an input of its own.
    static func number(
        _ name: String = "x", _ transforms: [NumberTransform] = [], missingValue: Float = 0,
        rawType: RawType = .float32, width: Int = 1, missingColumn: Int? = nil,
        isRequired: Bool = false
    ) -> Feature {
        Feature(
            name: name, side: .candidate, rawType: rawType, width: width, isRequired: isRequired,
            encoding: .number(
                NumberEncoding(transforms: transforms, missingValue: missingValue)),
            slot: FeatureSlot(input: name, missingColumn: missingColumn))
    }

    /// Several whole numbers of a candidate, with an input of their own.
    static func ids(_ name: String, _ encoding: FeatureEncoding, width: Int) -> Feature {
        Feature(
            name: name, side: .candidate, rawType: .int64, width: width, encoding: encoding,
            slot: FeatureSlot(input: name))
    }

    /// A candidate id, or a list of them, with an input of its own.
    static func id(
        _ name: String = "x", _ rawType: RawType, _ encoding: FeatureEncoding,
        listLengthMax: Int? = nil, isRequired: Bool = false
    ) -> Feature {
        Feature(
            name: name, side: .candidate, rawType: rawType, listLengthMax: listLengthMax,
            isRequired: isRequired, encoding: encoding,
            slot: FeatureSlot(
                input: name, lengthInput: listLengthMax.map { _ in "\(name).length" }))
    }
}

/// The error that the body throws, or nil.
func failure(of body: () throws -> Void) -> FeatureError? {
    do {
        try body()
        return nil
    } catch {
        return error as? FeatureError
    }
}
