package import TandemFeatures
import TandemNotation

/// A model's tasks by name.
package struct TaskTable: Sendable {
    /// Names, in the signature's order.
    package let names: [String]
    /// Numbers a row, in the same order.
    package let widths: [Int]
    private let index: Vocabulary

    /// Makes a table.
    ///
    /// - Throws: `FeatureError` if two tasks have one name.
    package init(_ tasks: [Task]) throws(FeatureError) {
        names = tasks.map(\.name)
        widths = tasks.map(\.kind.width)
        index = try Vocabulary(names: names)
    }

    /// The position of a task.
    ///
    /// - Throws: `taskUnknown`, saying which was probably meant.
    /// - Complexity: O(1). Allocates nothing unless it throws.
    func find(_ name: UnsafeRawBufferPointer) throws(RequestError) -> Int {
        if let task = index.position(of: name) { return task }
        let text = String(decoding: name, as: UTF8.self)
        throw RequestError(
            .taskUnknown,
            "the model has no task '\(text)'; \(NearestName.remedy(text, among: names))",
            task: text)
    }
}

extension Vocabulary {
    /// A look-up table of names.
    convenience init(names: [String]) throws(FeatureError) {
        try self.init(
            blob: names.flatMap { Array($0.utf8) },
            byteCounts: names.map { UInt32(clamping: $0.utf8.count) })
    }
}
