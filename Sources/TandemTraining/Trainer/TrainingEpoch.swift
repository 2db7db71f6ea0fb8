import Glibc
import TandemGraph

/// One pass over the training rows by all workers.
struct TrainingEpoch {
    let number: Int
    let settings: TrainerSettings
    let workers: [TrainingWorker]
    let optimizer: Optimizer
    /// For each task its weight over its share of labelled rows.
    let scales: [Float]
    let rows: [Int32]

    /// Seconds between progress reports within an epoch.
    private static let reportSeconds = 0.2

    /// Minibatches of an epoch.
    var stepCount: Int { (rows.count + settings.batchRowCount - 1) / settings.batchRowCount }

    /// What workers tell each other; written between barriers by one of them.
    private final class Exchange: @unchecked Sendable {
        let squares: UnsafeMutablePointer<Double>
        let isCancelled: UnsafeMutablePointer<Bool>

        init(workerCount: Int) {
            squares = .allocate(capacity: workerCount)
            squares.initialize(repeating: 0, count: workerCount)
            isCancelled = .allocate(capacity: 1)
            isCancelled.initialize(to: false)
        }

        deinit {
            squares.deallocate()
            isCancelled.deallocate()
        }
    }

    /// A report's closure, called by the thread that called `run` and by no other.
    private struct Reporter: @unchecked Sendable {
        let report: (_ rowsDone: Int) -> Bool
    }

    func run(
        firstStep: Int, history: TrainingHistory, progress: Trainer.Progress
    ) throws(TrainingError) -> TrainingHistory.Epoch {
        let order = shuffled()
        let exchange = Exchange(workerCount: workers.count)
        let start = monotonicSeconds()
        withoutActuallyEscaping(progress) { progress in
            var reported = start
            let reporter = Reporter { rowsDone in
                let now = monotonicSeconds()
                guard now - reported >= Self.reportSeconds || rowsDone == rows.count else {
                    return true
                }
                reported = now
                return progress(
                    TrainingProgress(
                        epoch: number, epochCountMax: settings.epochCountMax, rowsDone: rowsDone,
                        rowCount: rows.count,
                        rowsPerSecond: Double(rowsDone) / max(now - start, 1e-9),
                        history: history)) == .proceed
            }
            let barrier = WorkerBarrier(count: workers.count)
            WorkerThreads.run(workers.count) { worker in
                order.withUnsafeBufferPointer { order in
                    work(worker, order, firstStep, exchange, barrier, reporter)
                }
            }
        }
        if exchange.isCancelled.pointee {
            throw TrainingError(.cancelled, "the run was stopped in epoch \(number)")
        }
        let seconds = max(monotonicSeconds() - start, 1e-9)
        return TrainingHistory.Epoch(
            number: number, trainingLosses: Self.means(workers, scales.count),
            validationLosses: [], measure: nil, trainingSeconds: seconds,
            rowsPerSecond: Double(rows.count) / seconds)
    }

    private func work(
        _ worker: Int, _ order: UnsafeBufferPointer<Int32>, _ firstStep: Int,
        _ exchange: Exchange, _ barrier: WorkerBarrier, _ reporter: Reporter
    ) {
        let mine = workers[worker]
        let keepsNorm = settings.optimizer.gradientNormMax != nil
        let taskScales = UnsafeMutablePointer<Float>.allocate(capacity: max(scales.count, 1))
        defer { taskScales.deallocate() }
        mine.clearSums()
        for step in 0..<stepCount {
            let batch = order.count * step / stepCount..<order.count * (step + 1) / stepCount
            for task in scales.indices { taskScales[task] = scales[task] / Float(batch.count) }
            let share = Self.share(batch, worker, workers.count)
            mine.learn(UnsafeBufferPointer(rebasing: order[share]), scales: taskScales)
            barrier.wait()
            exchange.squares[worker] = optimizer.reduce(worker: worker)
            var gradientScale: Float = 1
            if keepsNorm {
                barrier.wait()
                let squares = workers.indices.reduce(0) { $0 + exchange.squares[$1] }
                gradientScale = optimizer.gradientScale(squares: squares)
            }
            optimizer.step(
                worker: worker, step: firstStep + step + 1,
                rate: settings.optimizer.rate(
                    step: firstStep + step, stepsPerEpoch: stepCount,
                    epochCount: settings.epochCountMax),
                gradientScale: gradientScale)
            if worker == 0 { exchange.isCancelled.pointee = !reporter.report(batch.upperBound) }
            barrier.wait()
            if exchange.isCancelled.pointee { return }
        }
    }

    private static func share(_ batch: Range<Int>, _ worker: Int, _ count: Int) -> Range<Int> {
        let start = batch.lowerBound
        return start + batch.count * worker / count..<start + batch.count * (worker + 1) / count
    }

    /// The rows in the order of this epoch.
    ///
    /// Source: Durstenfeld's form of the Fisher-Yates shuffle.
    private func shuffled() -> [Int32] {
        var random = RandomSource(seed: settings.seed, name: "epoch/\(number)")
        var order = rows
        for last in stride(from: order.count - 1, to: 0, by: -1) {
            let other = random.next().multipliedFullWidth(by: UInt64(last + 1)).high
            order.swapAt(last, Int(other))
        }
        return order
    }

    /// The mean loss of each task, over all workers in their order.
    static func means(_ workers: [TrainingWorker], _ taskCount: Int) -> [Double] {
        (0..<taskCount).map { task in
            var sum = LossSum()
            for worker in workers { sum += worker.sums[task] }
            return sum.mean
        }
    }
}

/// Seconds of the clock that only moves forward.
private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
