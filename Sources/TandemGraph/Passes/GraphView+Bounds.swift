extension GraphView {
    /// No named size is above this: a value with more elements could not be computed.
    private static let sizeMax = 1 << 29
    /// Constants of more elements are not looked through.
    private static let constantCountMax = 1 << 20

    /// Bounds from above for the whole numbers that are certainly 0 or more.
    ///
    /// Sums and products that could wrap around have none.
    static func bounds(_ model: WeightedGraph) -> [ValueID: Int] {
        var bounds: [ValueID: Int] = [:]
        for id in model.graph.parameters {
            if let tensor = model.tensors[model.graph[id].name] { bounds[id] = largest(in: tensor) }
        }
        for node in model.graph.nodes where model.graph[node.output].type.dtype != .float32 {
            let inputs = node.inputs.compactMap { bounds[$0] }
            guard inputs.count == node.inputs.count,
                let bound = bound(node.operation, inputs),
                bound <= model.graph[node.output].type.dtype.largestWholeNumber
            else { continue }
            bounds[node.output] = bound
        }
        return bounds
    }

    private static func bound(_ operation: Operation, _ inputs: [Int]) -> Int? {
        switch operation {
        case .range(let size), .size(let size): return size.fixedSize ?? sizeMax
        case .reshape, .transpose, .expand, .slice, .concat, .cast, .binary(.maximum):
            return inputs.max()
        case .binary(.minimum): return inputs.min()
        case .binary(.add):
            let (sum, overflow) = inputs[0].addingReportingOverflow(inputs[1])
            return overflow ? nil : sum
        case .binary(.multiply):
            let (product, overflow) = inputs[0].multipliedReportingOverflow(by: inputs[1])
            return overflow ? nil : product
        default: return nil
        }
    }

    private static func largest(in tensor: Tensor) -> Int? {
        guard tensor.elementCount <= constantCountMax else { return nil }
        func largest<Element: FixedWidthInteger & BitwiseCopyable>(
            _ type: Element.Type
        ) -> Int? {
            let values = tensor.elements(as: type)
            guard values.allSatisfy({ $0 >= 0 }) else { return nil }
            return Int(clamping: values.max() ?? 0)
        }
        switch tensor.dtype {
        case .int64: return largest(Int64.self)
        case .int32: return largest(Int32.self)
        case .int8: return largest(Int8.self)
        case .bool, .uint8: return largest(UInt8.self)
        case .float32: return nil
        }
    }
}

extension DataType {
    fileprivate var largestWholeNumber: Int {
        switch self {
        case .int64: Int.max
        case .int32: Int(Int32.max)
        case .int8: Int(Int8.max)
        case .uint8: Int(UInt8.max)
        case .bool: 1
        case .float32: -1
        }
    }
}
