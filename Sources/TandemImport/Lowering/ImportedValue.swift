import TandemGraph

// Design: four ways to know a value.
//
// While nodes are lowered, a value is any of: a tensor that is known now (a weight, a folded
// constant); an array of sizes, some of which have names until a request is there (what `Shape` and
// the arithmetic behind it make); a sequence of values; or the result of an operation of the graph.
// Only the last is in the graph. Tensors and sizes enter it, as a parameter or as `size` operations,
// when an operation of the graph reads them; most shape plumbing never does, and disappears by that.
// A sequence never enters it.

/// What is known of an ONNX value while the graph is built.
final class ImportedValue {
    /// Dtype and shape, always without a row axis; of a sequence it says nothing.
    let type: TensorType
    /// The tensors, if this is a sequence of them; then nothing else is known, and no operator but
    /// those with `takesSequences` is given it.
    let sequence: TensorSequence?
    /// The elements, if they are known now.
    let constant: Tensor?
    /// The name under which it enters the graph, if it has to.
    let name: String
    /// The value of the graph, once it is there.
    var id: ValueID?

    /// The numbers, if they are known to grow by equal steps.
    lazy var progression: Progression? = integers.flatMap { Progression($0) }

    /// Whether this is an f32 tensor whose every element is known to be 1.
    lazy var isOne: Bool = {
        guard let constant, constant.dtype == .float32 else { return false }
        return withExtendedLifetime(constant) {
            constant.elements(as: Float.self).allSatisfy { $0 == 1 }
        }
    }()

    private let symbolicSizes: [Dimension]?
    private lazy var constantSizes: [Dimension]? = constant.flatMap(Self.sizes)

    /// The elements of an array of whole numbers (i32, i64), row-major, if each is known as a size.
    ///
    /// Small constant arrays have them too, as fixed sizes, negative ones among them.
    var sizes: [Dimension]? { symbolicSizes ?? constantSizes }

    /// A value that is known now.
    init(_ constant: Tensor, name: String) {
        type = TensorType(constant.dtype, .none, sizes: constant.shape)
        self.constant = constant
        self.name = name
        sequence = nil
        symbolicSizes = nil
    }

    /// A value of the graph.
    init(_ id: ValueID, _ type: TensorType, name: String) {
        self.type = type
        self.id = id
        self.name = name
        sequence = nil
        constant = nil
        symbolicSizes = nil
    }

    /// A sequence.
    init(_ sequence: TensorSequence, name: String) {
        type = TensorType(.bool, .none, sizes: [0])
        self.sequence = sequence
        self.name = name
        constant = nil
        symbolicSizes = nil
    }

    /// An array of sizes; a constant if all are fixed.
    ///
    /// - Precondition: There are as many as the shape, which is fixed, says; the dtype is i32 or
    ///   i64, and the fixed ones fit it.
    init(sizes: [Dimension], dtype: DataType, shape: [Int], name: String) {
        precondition(TensorType.product(shape) == sizes.count, "sizes do not fit \(shape)")
        type = TensorType(dtype, .none, sizes: shape)
        self.name = name
        sequence = nil
        symbolicSizes = sizes
        let fixed = sizes.compactMap(\.fixedSize)
        guard fixed.count == sizes.count else {
            constant = nil
            return
        }
        constant =
            dtype == .int64
            ? Tensor(.int64, shape: shape, fixed.map(Int64.init))
            : Tensor(.int32, shape: shape, fixed.map { Int32(truncatingIfNeeded: $0) })
    }

    /// Element type.
    var dtype: DataType { type.dtype }

    /// Shape.
    var shape: [Dimension] { type.shape }

    /// Number of dimensions.
    var rank: Int { type.shape.count }

    /// The elements of a known array of whole numbers of any dtype but f32; nil if not known.
    var integers: [Int]? {
        guard let constant else { return nil }
        return withExtendedLifetime(constant) {
            switch constant.dtype {
            case .float32: nil
            case .int64: constant.elements(as: Int64.self).map { Int($0) }
            case .int32: constant.elements(as: Int32.self).map { Int($0) }
            case .int8: constant.elements(as: Int8.self).map { Int($0) }
            case .uint8, .bool: constant.elements(as: UInt8.self).map { Int($0) }
            }
        }
    }

    /// The elements of a known f32 tensor; nil if not known.
    var floats: [Float]? {
        guard let constant, constant.dtype == .float32 else { return nil }
        return withExtendedLifetime(constant) { Array(constant.elements(as: Float.self)) }
    }

    private static func sizes(_ tensor: Tensor) -> [Dimension]? {
        guard tensor.elementCount <= SizeFolding.elementCountMax else { return nil }
        return withExtendedLifetime(tensor) {
            switch tensor.dtype {
            case .int64: tensor.elements(as: Int64.self).map { .fixed(Int($0)) }
            case .int32: tensor.elements(as: Int32.self).map { .fixed(Int($0)) }
            default: nil
            }
        }
    }
}
