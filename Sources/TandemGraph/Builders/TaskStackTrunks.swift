// Trunks in which each task has a stack of its own and takes something from the others' stacks.

extension LayerBuilder {
    /// One stack a task; after each layer task t goes on with `sum_s alpha[t, s] * x_s`.
    ///
    /// Each layer has one number a pair of tasks, 0.9 for a task's own value at first and the rest
    /// in equal parts for the others', as the paper's best start.
    mutating func crossStitch(
        _ widths: [Int], _ input: ValueID, tasks: [String]
    ) throws(GraphError) -> [ValueID] {
        var values = tasks.map { _ in input }
        for (index, width) in widths.enumerated() {
            var layer: [ValueID] = []
            for (task, value) in zip(tasks, values) {
                layer.append(try rectified("task/\(task)/layer\(index)", value, width))
            }
            guard tasks.count > 1 else {
                values = layer
                continue
            }
            let others = 0.1 / Float(tasks.count - 1)
            for (own, task) in tasks.enumerated() {
                let name = "task/\(task)/stitch\(index)"
                let shares = try parameter("\(name)/shares", [tasks.count]) {
                    $0 == own ? 0.9 : others
                }
                values[own] = try graph.node(name, .mixture, [shares] + layer)
            }
        }
        return values
    }

    /// One stack a task; from the second task on, attention over the value of the task before, as a
    /// rectified layer transfers it, and the task's own.
    ///
    /// With `u = [transfer(z of the task before), own]`, two vectors of width D:
    /// `w = softmax(sum(key(u) * query(u)) / sqrt(D))`, `z = sum_i w_i * value(u_i)`; key, query and
    /// value are matrices without bias. The first task's z is its own value. The order of the tasks
    /// is that in which they happen. The paper's calibrator, an extra loss, is not part of it.
    ///
    /// Source: Xi et al., "Modeling the Sequential Dependence among Audience Multi-step Conversions
    /// with Multi-task Learning in Targeted Display Advertising", KDD 2021, section 3.3.
    mutating func informationTransfer(
        _ widths: [Int], _ input: ValueID, tasks: [String]
    ) throws(GraphError) -> [ValueID] {
        var values: [ValueID] = []
        for task in tasks {
            let own = try layers("task/\(task)/layer", widths, input)
            guard let before = values.last else {
                values.append(own)
                continue
            }
            values.append(try transferred(before, own, "task/\(task)"))
        }
        return values
    }

    private mutating func transferred(
        _ before: ValueID, _ own: ValueID, _ name: String
    ) throws(GraphError) -> ValueID {
        let width = width(of: own)
        let transfer = try rectified("\(name)/transfer", before, width)
        let row: [Dimension] = [1, .fixed(width)]
        let pair = try node(
            "\(name)/pair", .concat(axis: 0),
            try node("\(name)/transfer/row", .reshape(row), transfer),
            try node("\(name)/own/row", .reshape(row), own))
        let key = try linear("\(name)/key", pair, width, hasBias: false)
        let query = try linear("\(name)/query", pair, width, hasBias: false)
        let value = try linear("\(name)/value", pair, width, hasBias: false)
        let products = try node("\(name)/products", .binary(.multiply), key, query)
        let sums = try node("\(name)/sums", .reduce(.sum, axis: 1), products)
        let scale = 1 / Float(width).squareRoot()
        let scores = try node("\(name)/scores", .affine(scale: scale, offset: 0), sums)
        let weights = try node("\(name)/weights", .softmax, scores)
        return try weightedSum("\(name)/transferred", weights, value)
    }

    /// `sum_i weights[i] * values[i, :]`.
    mutating func weightedSum(
        _ name: String, _ weights: ValueID, _ values: ValueID
    ) throws(GraphError) -> ValueID {
        let count = graph.type(of: values).shape[0]
        let column = try node("\(name)/column", .reshape([count, 1]), weights)
        let weighed = try node("\(name)/weighed", .binary(.multiply), column, values)
        return try node(name, .reduce(.sum, axis: 0), weighed)
    }
}
