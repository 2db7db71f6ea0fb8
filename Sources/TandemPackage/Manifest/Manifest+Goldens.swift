internal import TandemGraph

extension Manifest {
    /// Golden vectors have what each program takes and answers, in the right shapes.
    func checkGoldens() throws(PackageError) {
        for (index, golden) in model.goldens.enumerated() {
            do {
                try check(golden)
            } catch {
                throw error.within("golden vector \(index)")
            }
        }
    }

    private func check(_ golden: GoldenVector) throws(PackageError) {
        guard golden.candidateRows >= 1 else {
            throw PackageError(.invalidGolden, "there are no rows")
        }
        try checkUnique(golden.inputs.map(\.name), "inputs", .invalidGolden)
        try checkUnique(golden.outputs.map(\.program), "programs", .invalidGolden)
        for output in golden.outputs {
            guard let graph = model.program(named: output.program)?.graph else {
                throw PackageError(
                    .invalidGolden, "no program has this name", subject: output.program)
            }
            let inputs = Dictionary(uniqueKeysWithValues: golden.inputs.map { ($0.name, $0) })
            for id in graph.inputs {
                try check(inputs[graph[id].name], graph[id], golden)
            }
            guard inputs.count == graph.inputs.count,
                output.tensors.map(\.name) == graph.outputs.map({ graph[$0].name })
            else {
                throw PackageError(
                    .invalidGolden, "inputs or outputs are not those of the program's graph",
                    subject: output.program)
            }
            for (tensor, id) in zip(output.tensors, graph.outputs) {
                try check(tensor, graph[id], golden)
            }
        }
    }

    private func check(
        _ tensor: GoldenTensor?, _ value: Value, _ golden: GoldenVector
    ) throws(PackageError) {
        guard let tensor else {
            throw PackageError(.invalidGolden, "there is no such input", subject: value.name)
        }
        let rows = golden.rows(on: value.type.rows)
        let fits =
            tensor.rowShape.count == value.type.shape.count
            && zip(tensor.rowShape, value.type.shape).allSatisfy { size, dimension in
                dimension.fixedSize == nil || dimension.fixedSize == size
            }
        let sizes = tensor.rowShape + [rows, value.type.dtype.byteCount]
        guard fits, TensorType.product(sizes) == tensor.bytes.count else {
            throw PackageError(
                .invalidGolden,
                "\(tensor.bytes.count) bytes of row shape \(tensor.rowShape) are not \(rows) rows "
                    + "of \(value.type)",
                subject: value.name)
        }
    }
}
