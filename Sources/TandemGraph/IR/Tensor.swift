/// An array of numbers with a dtype and a shape, row-major, little-endian.
///
/// Copying a tensor shares its memory. Elements are not changed once a tensor is shared.
package struct Tensor: Sendable {
    /// Element type.
    package let dtype: DataType
    /// Sizes, outermost first.
    package let shape: [Int]
    /// The memory; it may hold other tensors too.
    package let storage: TensorStorage
    /// Where this tensor's first element lies in the storage, in bytes.
    package let byteOffset: Int

    /// A tensor over a part of a storage.
    ///
    /// - Precondition: The elements lie inside the storage and are aligned to their size.
    package init(dtype: DataType, shape: [Int], storage: TensorStorage, byteOffset: Int = 0) {
        guard let count = TensorType.product(shape),
            case (let bytes, false) = count.multipliedReportingOverflow(by: dtype.byteCount),
            byteOffset >= 0, byteOffset <= storage.byteCount,
            bytes <= storage.byteCount - byteOffset, byteOffset % dtype.byteCount == 0
        else {
            preconditionFailure("a tensor of shape \(shape) does not fit its storage")
        }
        self.dtype = dtype
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// A tensor of zeros in memory of its own.
    package init(zeros dtype: DataType, shape: [Int]) {
        let count = TensorType.product(shape) ?? -1
        precondition(count >= 0, "a tensor of shape \(shape) is too large")
        self.init(
            dtype: dtype, shape: shape,
            storage: TensorStorage(byteCount: count * dtype.byteCount))
    }

    /// A tensor with these elements, copied.
    ///
    /// - Precondition: There are as many elements as the shape says, and `Element` is the dtype's
    ///   Swift type.
    package init<Element: BitwiseCopyable>(
        _ dtype: DataType, shape: [Int], _ elements: [Element]
    ) {
        precondition(TensorType.product(shape) == elements.count, "elements do not fit \(shape)")
        precondition(MemoryLayout<Element>.size == dtype.byteCount, "elements are not \(dtype)")
        self.init(zeros: dtype, shape: shape)
        elements.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: base, count: byteCount).copyMemory(from: source)
        }
    }

    /// Number of elements.
    package var elementCount: Int { shape.reduce(1, *) }

    /// Bytes the elements take.
    package var byteCount: Int { elementCount * dtype.byteCount }

    /// First element.
    package var base: UnsafeMutableRawPointer { storage.base + byteOffset }

    /// The elements as bytes; valid as long as the tensor.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: byteCount)
    }

    /// The elements as typed memory; valid as long as the tensor.
    ///
    /// - Precondition: `Element` has the dtype's size.
    package func elements<Element: BitwiseCopyable>(
        as type: Element.Type
    ) -> UnsafeMutableBufferPointer<Element> {
        precondition(MemoryLayout<Element>.size == dtype.byteCount, "elements are not \(type)")
        return UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: type), count: elementCount)
    }
}

/// Tensors by name: a model's parameters.
package typealias TensorSet = [String: Tensor]
