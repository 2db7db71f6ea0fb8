internal import Glibc
internal import TandemFeatures
internal import TandemGraph
import TandemNotation
internal import TandemWire

/// Finds each feature's column in a request.
///
/// Clients send their columns in the same order each time, so the order of the last request is
/// tried first: comparing a name with the one expected is cheaper than hashing it.
struct ColumnBinding {
    /// One cursor a feature of the signature; valid after `bind`, until the request's arena is
    /// reset.
    let cursors: UnsafeMutablePointer<FeatureCursor>
    private let featureCount: Int
    private var order: [Int] = []
    private let names: UnsafeMutableRawPointer
    private let nameEnds: [Int]
    private var stamps: [UInt32]
    private var stamp: UInt32 = 0

    init(_ model: ServableModel) {
        featureCount = model.signature.features.count
        cursors = .allocate(capacity: max(featureCount, 1))
        stamps = [UInt32](repeating: 0, count: featureCount)
        var blob: [UInt8] = []
        nameEnds = model.signature.features.map { feature in
            blob.append(contentsOf: feature.name.utf8)
            return blob.count
        }
        names = .allocate(byteCount: max(blob.count, 1), alignment: 16)
        names.copyMemory(from: blob, byteCount: blob.count)
        order.reserveCapacity(featureCount)
    }

    mutating func free() {
        cursors.deallocate()
        names.deallocate()
    }

    /// Checks all columns of a request and sets every feature's cursor before its first row.
    ///
    /// - Throws: `featureUnknown`, `featureTwice`, `featureWrongSide`, `featureWrongType`,
    ///   `featureWrongCount`, `featureTooLarge`, or `featureMissing` for one that is required.
    /// - Complexity: O(columns + texts). Allocates nothing once `order` has grown, unless it throws.
    mutating func bind(
        _ request: PredictView, _ model: ServableModel
    ) throws(RequestError) {
        // Stamps tell this request's columns from the last one's without clearing an array. At the
        // wrap they are cleared, or a stamp of 4 billion requests ago would look fresh.
        stamp &+= 1
        if stamp == 0 {
            for index in stamps.indices { stamps[index] = 0 }
            stamp = 1
        }
        var position = 0
        // By index: iterating a collection of another module may allocate in unoptimised builds.
        let context = request.context
        for index in 0..<context.endIndex {
            try bind(context[index], position, .context, rows: 1, model)
            position += 1
        }
        let candidates = request.candidates
        for index in 0..<candidates.endIndex {
            try bind(candidates[index], position, .candidate, rows: request.rows, model)
            position += 1
        }
        guard position < featureCount else { return }
        for feature in 0..<featureCount where stamps[feature] != stamp {
            let isContext = model.signature.features[feature].side == .context
            do {
                let cursor = try model.encoder.openMissing(
                    feature: feature, rowCount: isContext ? 1 : request.rows)
                (cursors + feature).initialize(to: cursor)
            } catch { throw RequestError(error) }
        }
    }

    private mutating func bind(
        _ column: ColumnView, _ position: Int, _ side: RowAxis, rows: Int, _ model: ServableModel
    ) throws(RequestError) {
        let feature = try find(column, position, model)
        guard stamps[feature] != stamp else {
            let name = model.signature.features[feature].name
            throw RequestError(
                .featureTwice, "feature '\(name)' has two columns; send one", feature: name)
        }
        stamps[feature] = stamp
        let wantsContext = model.signature.features[feature].side == .context
        guard wantsContext == (side == .context) else {
            let name = model.signature.features[feature].name
            let (expected, given) =
                wantsContext ? ("context", "candidates") : ("candidates", "context")
            throw RequestError(
                .featureWrongSide,
                "feature '\(name)' belongs to the \(expected), not to the \(given)", feature: name,
                expected: expected, given: given)
        }
        do {
            let cursor = try model.encoder.open(
                feature: feature, column: RawColumn(column), rowCount: rows)
            (cursors + feature).initialize(to: cursor)
        } catch { throw Self.refusal(error, column, model.signature.features[feature]) }
    }

    private mutating func find(
        _ column: ColumnView, _ position: Int, _ model: ServableModel
    ) throws(RequestError) -> Int {
        let name = column.name.bytes
        if position < order.count {
            let expected = order[position]
            if isName(expected, name) { return expected }
        }
        guard let feature = model.encoder.featureIndex(named: name) else {
            let text = column.name.string
            let names = model.signature.features.map(\.name)
            throw RequestError(
                .featureUnknown,
                "model '\(model.name)' has no feature '\(text)'; "
                    + NearestName.remedy(text, among: names),
                model: model.name, feature: text)
        }
        if position < order.count {
            order[position] = feature
        } else if position == order.count {
            order.append(feature)
        }
        return feature
    }

    /// Whether a feature has this name.
    private func isName(_ feature: Int, _ name: UnsafeRawBufferPointer) -> Bool {
        let start = feature == 0 ? 0 : nameEnds[feature - 1]
        guard let given = name.baseAddress, name.count == nameEnds[feature] - start else {
            return false
        }
        return memcmp(names + start, given, name.count) == 0
    }

    private static func refusal(
        _ error: FeatureError, _ column: ColumnView, _ feature: Feature
    ) -> RequestError {
        var refusal = RequestError(error)
        if refusal.code == .featureWrongType {
            refusal.expected = feature.rawType.name
            refusal.given = column.type.name
        }
        return refusal
    }
}

extension RawColumn {
    /// The same memory, as the feature room reads it.
    init(_ column: ColumnView) {
        let values: Values =
            switch column.values {
            case .float32(let values): .float32(values)
            case .int64(let values): .int64(values)
            case .bytes(let blob, let lengths): .text(blob, byteCounts: lengths)
            }
        self.init(values: values, listCounts: column.listLengths, presence: column.presence)
    }
}
