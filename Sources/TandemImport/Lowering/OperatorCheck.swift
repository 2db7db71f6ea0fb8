import TandemNotation

/// What can be said of a node from its operator's entry alone.
struct OperatorCheck {
    let node: ONNXNode
    let entry: OperatorEntry

    /// What is wrong with the node's inputs and attributes.
    var problems: [ImportProblem] {
        var problems: [ImportProblem] = []
        let count = node.inputs.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
        if !entry.inputs.contains(count) {
            problems.append(
                problem(
                    .wrongArity,
                    "has \(count) inputs, takes \(entry.inputs.lowerBound) to "
                        + "\(entry.inputs.upperBound)"))
        }
        for attribute in node.attributes {
            guard entry.attributes.contains(attribute.name) else {
                problems.append(
                    problem(
                        .unknownAttribute, "has the attribute '\(attribute.name)'",
                        NearestName.remedy(attribute.name, among: entry.attributes.sorted())))
                continue
            }
            switch attribute.content {
            case .other(let kind):
                problems.append(
                    problem(
                        .invalidAttribute, "attribute '\(attribute.name)' is \(kind)",
                        "export without it"))
            case .reference:
                problems.append(
                    problem(
                        .invalidAttribute,
                        "attribute '\(attribute.name)' refers to a function's, outside of one"))
            default: break
            }
        }
        return problems
    }

    private func problem(
        _ code: ImportProblem.Code, _ message: String, _ remedy: String = ""
    ) -> ImportProblem {
        ImportProblem(
            code, message, remedy: remedy, node: node.name, operator: node.qualifiedOperator)
    }

    /// The problem of an operator that has no entry.
    static func unsupported(_ node: ONNXNode) -> ImportProblem {
        let (code, message, remedy): (ImportProblem.Code, String, String)
        switch node.operator {
        case "Scan":
            (code, message) = (.dynamicControlFlow, "scans are not imported")
            remedy = "export with the loop unrolled, or use LSTM, GRU and RNN for recurrence"
        case "SequenceMap":
            (code, message) = (.unsupportedOperator, "maps over sequences are not imported")
            remedy = "export with operators that work on the stacked tensors"
        case _ where node.operator.hasPrefix("Random"), "Multinomial", "Bernoulli":
            (code, message) = (.unsupportedOperator, "random numbers have no place in serving")
            remedy = "export in evaluation mode (model.eval())"
        case _ where node.operator.contains("String"), "TfIdfVectorizer":
            (code, message) = (.unsupportedOperator, "texts are not imported")
            remedy = "export from the ids on, and give vocabularies by --features"
        default:
            (code, message) = (.unsupportedOperator, "there is no such operator here")
            remedy = "write it with other operators before the export"
        }
        return ImportProblem(
            code, message, remedy: remedy, node: node.name, operator: node.qualifiedOperator)
    }
}
