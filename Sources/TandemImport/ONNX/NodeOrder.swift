/// Puts nodes into an order in which each reads only what stands before it.
///
/// Nodes that stand right keep their places: a depth-first walk over what each node reads, in the
/// order of the file. O(nodes + reads), without recursion.
struct NodeOrder {
    private enum State {
        case unseen
        case open
        case done
    }

    private let reads: [[Int]]
    private var states: [State]
    private(set) var order: [Int] = []
    /// Nodes that read each other in a circle, if some do.
    private(set) var cycle: [Int]?

    /// Orders nodes by their reads and outputs.
    init(_ nodes: [ONNXNode]) {
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for output in node.outputs where !output.isEmpty { makers[output] = index }
        }
        reads = nodes.map { node in node.reads.compactMap { makers[$0] } }
        states = Array(repeating: .unseen, count: nodes.count)
        for index in nodes.indices where cycle == nil { visit(index) }
    }

    private mutating func visit(_ first: Int) {
        guard states[first] == .unseen else { return }
        var stack = [(node: first, next: 0)]
        states[first] = .open
        while let top = stack.last {
            guard top.next < reads[top.node].count else {
                states[top.node] = .done
                order.append(top.node)
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].next += 1
            let read = reads[top.node][top.next]
            switch states[read] {
            case .done: break
            case .unseen:
                states[read] = .open
                stack.append((read, 0))
            case .open:
                let start = stack.firstIndex { $0.node == read } ?? 0
                cycle = stack[start...].map(\.node)
                return
            }
        }
    }
}
