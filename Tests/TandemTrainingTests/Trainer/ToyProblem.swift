import Foundation
import TandemGraph
import TandemTraining

/// Two tasks that a small model can learn: a click from user, item and a number, and an amount that
/// exists only after a click.
struct ToyProblem {
    static let clickTask = 0
    let model: BuiltModel
    let dataset: EncodedDataset
    var tasks: [TrainingTask]
    let split: RowSplit

    init(rowCount: Int = 6000, seed: UInt64 = 7) throws {
        let inputs = ModelInputs(
            contextDenseWidth: 2, candidateDenseWidth: 0,
            embeddings: [
                EmbeddedFeature(input: "user", side: .context, idCount: 300, dimension: 4),
                EmbeddedFeature(input: "item", side: .candidate, idCount: 20, dimension: 4),
            ])
        model = try ModelBuilder.build(
            name: "toy", inputs: inputs,
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 2, expertLayers: [16]), towerLayers: [8],
                heads: [
                    TaskHead("click", .binary),
                    TaskHead("amount", .regression(TargetTransform())),
                ]), seed: seed)
        dataset = try EncodedDataset(model.graph, rowCount: rowCount)
        var random = RandomSource(seed: seed)
        var clicks: [Float] = []
        var amounts: [Float] = []
        for row in 0..<rowCount {
            let user = Int(random.next() % 300)
            let item = Int(random.next() % 20)
            let x = random.uniform() * 2 - 1
            let taste = Float(user % 2 * 4 + item % 2 * 2 - 3)
            let logit = taste + 2 * x
            let click = random.uniform() < 1 / (1 + exp(-logit * 3))
            clicks.append(click ? 1 : 0)
            amounts.append(click ? x + Float(item % 3) : .nan)
            for column in dataset.columns {
                switch column.name {
                case "user":
                    column.storage.base.assumingMemoryBound(to: Int32.self)[row] = Int32(user)
                case "item":
                    column.storage.base.assumingMemoryBound(to: Int32.self)[row] = Int32(item)
                default:
                    let base = column.storage.base.assumingMemoryBound(to: Float.self)
                    base[row * 2] = x
                    base[row * 2 + 1] = random.uniform()
                }
            }
        }
        tasks = [
            TrainingTask(
                name: "click", head: model.heads["click"] ?? ValueID(0),
                loss: .binaryCrossEntropy, labels: clicks),
            TrainingTask(
                name: "amount", head: model.heads["amount"] ?? ValueID(0), loss: .squaredError,
                weight: 0.5, labels: amounts),
        ]
        let rows = (0..<Int32(rowCount)).map { $0 }
        split = RowSplit(
            training: Array(rows[..<(rowCount * 8 / 10)]),
            validation: Array(rows[(rowCount * 8 / 10)...]))
    }

    func trainer(
        _ settings: TrainerSettings, measure: StoppingMeasure = .weightedLoss,
        split: RowSplit? = nil, tasks: [TrainingTask]? = nil
    ) throws -> Trainer {
        try Trainer(
            graph: model.graph, parameters: model.parameters, dataset: dataset,
            tasks: tasks ?? self.tasks, split: split ?? self.split, settings: settings,
            measure: measure)
    }

    /// The chance that a clicked row scores above another one.
    func clickAUC(_ scores: [Float], _ rows: [Int32]) -> Double {
        let labels = rows.map { tasks[Self.clickTask].labels[Int($0)] }
        let positives = zip(scores, labels).filter { $0.1 == 1 }.map(\.0)
        let negatives = zip(scores, labels).filter { $0.1 == 0 }.map(\.0)
        var wins = 0.0
        for positive in positives {
            for negative in negatives {
                wins += positive > negative ? 1 : positive == negative ? 0.5 : 0
            }
        }
        return wins / Double(positives.count * negatives.count)
    }
}
