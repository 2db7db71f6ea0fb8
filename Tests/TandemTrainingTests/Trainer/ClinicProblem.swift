import Foundation
import TandemGraph
import TandemTraining

/// A small table with every kind of feature and task, made from rules that can be learnt.
struct ClinicProblem {
    static let spec = """
        [model]
        name = "clinic"
        architecture = "shared-bottom"
        bottom_layers = [24]
        tower_layers = [8]
        [[feature]]
        column = "age"
        kind = "numeric"
        required = true
        [[feature]]
        column = "city"
        kind = "categorical"
        side = "context"
        min_count = 1
        [[feature]]
        column = "signs"
        kind = "list"
        max_length = 3
        [[feature]]
        column = "note"
        kind = "words"
        hash_buckets = 64
        max_length = 4
        [[task]]
        name = "ill"
        kind = "binary"
        label = "ill"
        [[task]]
        name = "ward"
        kind = "multiclass"
        label = "ward"
        [[task]]
        name = "cost"
        kind = "regression"
        label = "cost"
        given = "ill"
        transform = ["log1p", "standardize"]
        weight = 0.5
        [training]
        epochs = 30
        patience = 5
        batch_size = 64
        learning_rate = 0.01
        threads = 2

        """

    let spec: TrainingSpec
    let examples: Examples

    init(rowCount: Int = 1500, spec: String = Self.spec) throws {
        self.spec = try TrainingSpec(spec)
        let file = try TemporaryFile(Self.text(rowCount))
        examples = try Examples.read(self.spec, paths: [file.path])
    }

    private static func text(_ rowCount: Int) -> String {
        var random = RandomSource(seed: 9)
        func draw(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        var text = "age,city,signs,note,ill,ward,cost\n"
        let cities = ["Ulm", "Bonn", "Kiel"]
        let signs = ["cough", "fever", "rash", "none"]
        for _ in 0..<rowCount {
            let age = 20 + draw(60)
            let city = draw(3)
            let sign = [draw(4), draw(4)]
            let isIll = sign.contains(1) || age > 65
            let ward = ["eye", "heart", "skin"][sign.contains(2) ? 2 : city == 0 ? 0 : 1]
            let cost = isIll ? String(100 * (city + 1) + age) : ""
            let shown = draw(10) == 0 && age < 60 ? "" : String(age)
            let list = sign.map { signs[$0] }.joined(separator: "|")
            text += "\(shown),\(cities[city]),\(list),seen \(cities[city]),"
            text += "\(isIll ? 1 : 0),\(ward),\(cost)\n"
        }
        return text
    }
}
