// Design: the batch axis has a place.
//
// In an imported graph the batch is a dimension like any other. Exporters move it (transposes),
// join it with its neighbours (`[rows * 50, K]`) and take it apart again. All of that is one fact
// about a value: at some axis, the size is `outer * rows * inner`. One row of the value has
// `outer * inner` there, or no axis at all where that is 1.

/// Where the batch is in the shape of a value as it was imported.
struct RowPlace: Hashable, Sendable {
    /// The axis that the batch is, or is a factor of.
    let axis: Int
    /// The size of the batch: a symbol, 1 for what exists once a request, or a frozen number.
    let rows: Dimension
    /// What was joined to the batch axis from its left; 1 if nothing.
    let outer: Dimension
    /// What was joined to the batch axis from its right; 1 if nothing.
    let inner: Dimension
    /// What one row has at the axis: `outer * inner`.
    let kept: Dimension

    /// An axis that is the batch alone.
    init(axis: Int, rows: Dimension) {
        self.axis = axis
        self.rows = rows
        outer = 1
        inner = 1
        kept = 1
    }

    /// An axis that the batch is a factor of; nil when the sizes' product does not fit.
    init?(axis: Int, rows: Dimension, outer: Dimension, inner: Dimension) {
        guard let kept = outer.multiplied(by: inner) else { return nil }
        self.axis = axis
        self.rows = rows
        self.outer = outer
        self.inner = inner
        self.kept = kept
    }

    private init(_ place: RowPlace, axis: Int, rows: Dimension) {
        self.axis = axis
        self.rows = rows
        outer = place.outer
        inner = place.inner
        kept = place.kept
    }

    /// Whether the axis is the batch alone, so that one row does not have it.
    var isWhole: Bool { kept == 1 }

    /// Whether the value exists once a request, so that its batch axis may be treated as any other.
    var isSingle: Bool { rows == 1 }

    /// The same place at another axis.
    func moved(to axis: Int) -> RowPlace { RowPlace(self, axis: axis, rows: rows) }

    /// The same place with another number of rows.
    func sized(_ rows: Dimension) -> RowPlace { RowPlace(self, axis: axis, rows: rows) }

    /// Whether two values have their rows at the same place, whatever their number.
    func isAligned(with other: RowPlace) -> Bool {
        axis == other.axis && outer == other.outer && inner == other.inner
    }

    /// The shape of one row of a value of this shape.
    func rowShape(of shape: [Dimension]) -> [Dimension] {
        var result = shape
        if isWhole { result.remove(at: axis) } else { result[axis] = kept }
        return result
    }

    /// The shape of one row with the batch axis kept as 1.
    func unitShape(of shape: [Dimension]) -> [Dimension] {
        var result = shape
        result[axis] = kept
        return result
    }

    /// An axis other than this one, counted in the shape of one row.
    func rowAxis(_ other: Int) -> Int { isWhole && other > axis ? other - 1 : other }

    /// Where the batch is after a reshape, or nil where rows do not stay apart.
    ///
    /// Elements are row-major, so what precedes the batch (`before` elements) and what follows it
    /// (`after`) must be the same in both shapes. Where the batch is 1, only an axis of 1 is found.
    func reshaped(from shape: [Dimension], to target: [Dimension]) -> RowPlace? {
        guard let left = Dimension.product(shape[..<axis]),
            let right = Dimension.product(shape[(axis + 1)...]),
            let before = left.multiplied(by: outer), let after = inner.multiplied(by: right)
        else { return nil }
        for position in target.indices {
            guard let prefix = Dimension.product(target[..<position]),
                let suffix = Dimension.product(target[(position + 1)...]),
                let outer = before.divided(exactlyBy: prefix),
                let share = outer.multiplied(by: rows),
                let inner = target[position].divided(exactlyBy: share),
                inner.multiplied(by: suffix) == after,
                !isSingle || (outer == 1 && inner == 1)
            else { continue }
            return RowPlace(axis: position, rows: rows, outer: outer, inner: inner)
        }
        return nil
    }
}
