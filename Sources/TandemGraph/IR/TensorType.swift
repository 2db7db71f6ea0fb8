// Design: the row axis is not a dimension.
//
// A served model sees one context (the user) and R candidates (the items). Each tensor therefore
// belongs to one of three row axes, and its shape is the shape *of one row*. Two things follow.
// An operation cannot name the row axis, so no graph can mix candidates (a softmax over the list,
// a batch statistic): rows may be tiled, split over threads and reordered without changing a bit.
// And `rows` never appears in shape arithmetic, so plans need no symbolic batch size.
// A graph that has no rows at all (an imported file as it is, before its batch axis is taken out of
// the shapes) uses the axis `none` throughout.

/// How often a tensor exists in one request.
package enum RowAxis: UInt8, Comparable, CaseIterable, Sendable {
    /// Once for all requests: parameters, and what is computed from them alone.
    case none = 0
    /// Once a request: the user, the query, the order.
    case context = 1
    /// Once a candidate: the items.
    case candidate = 2

    /// The name in graph text and messages.
    package var name: String {
        switch self {
        case .none: "none"
        case .context: "context"
        case .candidate: "candidate"
        }
    }

    /// The axis of that name, or nil.
    package init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    package static func < (left: RowAxis, right: RowAxis) -> Bool { left.rawValue < right.rawValue }
}

/// What is known of a tensor before it exists: dtype, row axis, and the shape of one row.
package struct TensorType: Hashable, Sendable, CustomStringConvertible {
    /// Element type.
    package var dtype: DataType
    /// How often the tensor exists in one request.
    package var rows: RowAxis
    /// Shape of one row; empty for a scalar a row.
    package var shape: [Dimension]

    /// The most dimensions a row's shape may have.
    package static let rankMax = 8

    /// Makes a type from dimensions.
    package init(_ dtype: DataType, _ rows: RowAxis, _ shape: [Dimension]) {
        self.dtype = dtype
        self.rows = rows
        self.shape = shape
    }

    /// Makes a type from known sizes.
    package init(_ dtype: DataType, _ rows: RowAxis, sizes: [Int]) {
        self.init(dtype, rows, sizes.map(Dimension.fixed))
    }

    /// The row's sizes, if all are known.
    package var fixedSizes: [Int]? {
        var sizes: [Int] = []
        for dimension in shape {
            guard let size = dimension.fixedSize else { return nil }
            sizes.append(size)
        }
        return sizes
    }

    /// Elements in one row, if all sizes are known and their product fits.
    package var rowElementCount: Int? {
        guard let sizes = fixedSizes else { return nil }
        return TensorType.product(sizes)
    }

    /// The product of sizes, or nil when it overflows or a size is negative.
    package static func product(_ sizes: [Int]) -> Int? {
        var product = 1
        for size in sizes {
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            if overflow || size < 0 { return nil }
            product = next
        }
        return product
    }

    /// Refuses shapes that no value can have.
    ///
    /// - Throws: `GraphError` `wrongShape` for too many dimensions or a size below 0, `overflow` for
    ///   more elements than can be counted.
    func check(_ name: String) throws(GraphError) {
        guard shape.count <= Self.rankMax else {
            throw GraphError(
                .wrongShape, name, "has \(shape.count) dimensions, more than \(Self.rankMax)")
        }
        guard shape.allSatisfy({ $0.isAtLeast(0) != false }) else {
            throw GraphError(.wrongShape, name, "has a size below 0 in \(shape)")
        }
        guard fixedSizes == nil || rowElementCount != nil else {
            throw GraphError(.overflow, name, "\(shape) has more elements than can be counted")
        }
    }

    package var description: String {
        let sizes = "[" + shape.map(\.description).joined(separator: ", ") + "]"
        return rows == .none ? "\(dtype.name) \(sizes)" : "\(dtype.name) \(rows.name) \(sizes)"
    }
}
