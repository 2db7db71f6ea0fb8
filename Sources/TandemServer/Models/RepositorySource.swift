internal import Glibc
internal import TandemEngine
internal import TandemFeatures
internal import TandemGraph
package import TandemPackage
package import TandemRequest
package import TandemWire

/// Which program of a package runs.
package enum ExecutorChoice: String, CaseIterable, Sendable {
    /// int8 where the package has it, else float.
    case best
    /// Only int8.
    case int8
    /// Only float.
    case float
}

/// Models of a repository on disk.
package struct RepositorySource: ModelSource {
    private let repository: Repository
    private let executor: ExecutorChoice
    private let budget: MemoryBudget

    /// Serves the packages below a directory, laid out as `<model>/<version>/`.
    ///
    /// Versions share shards through the budget's pool.
    package init(
        path: String, executor: ExecutorChoice = .best,
        budget: MemoryBudget = MemoryBudget(pool: ShardPool())
    ) {
        repository = Repository(path: path)
        self.executor = executor
        self.budget = budget
    }

    /// The versions on disk, and their labels.
    package func list() throws(ServerError) -> RepositoryListing {
        var listing = RepositoryListing()
        let names: [String]
        do throws(PackageError) {
            names = try repository.models()
        } catch {
            throw ServerError(
                .repositoryUnreadable,
                "cannot read the repository \(repository.path): \(error.message); give --repository "
                    + "a directory that this user can read",
                path: error.path ?? repository.path, errorNumber: error.systemError)
        }
        for name in names {
            do throws(PackageError) {
                let versions = try repository.versions(of: name)
                listing.problems += versions.rejected.map(\.description)
                guard !versions.numbers.isEmpty else { continue }
                listing.models[name] = RepositoryListing.Model(
                    versions: versions.numbers, labels: labels(of: name, &listing.problems))
            } catch {
                listing.problems.append(error.description)
                listing.unreadable.insert(name)
            }
        }
        return listing
    }

    private func labels(of name: String, _ problems: inout [String]) -> [String: UInt64]? {
        do throws(PackageError) {
            return try repository.labels(of: name).versions
        } catch {
            problems.append(error.description)
            return nil
        }
    }

    /// Names, sizes and times of the version's files.
    package func stamp(_ name: String, version: UInt64) -> UInt64 {
        repository.stamp(model: name, version: version)
    }

    /// What models take, and may take.
    package var memory: (used: Int, max: Int)? { (budget.usedByteCount, budget.byteCountMax) }

    /// Reads, checks, compiles, warms up and compares a version.
    package func load(
        _ name: String, version: UInt64, _ terms: LoadTerms, _ progress: LoadProgress
    ) throws(RequestError) -> LoadedModel {
        let opened = try open(name, version)
        let program: Program
        do {
            program = try choose(opened)
        } catch { throw Self.refusal(error, name) }
        let contents = opened.contents
        let packed = budget.packed.find(program.graph, contents)
        try budget.check(opened, program, packed, name, version)
        let plan = try plan(name, opened, program, packed, terms, progress)
        budget.packed.insert(plan.packedWeights, contents)
        try GoldenCheck(name, program, plan).run(opened.model.goldens)
        let model = try ServableModel(
            name: name, version: version, signature: opened.model.signature,
            executor: program.name, graph: program.graph, plan: plan)
        var memory = LoadedModel.MemoryFigures()
        memory.tables = plan.memory.tables
        memory.plan = plan.memory.packedWeights
        memory.dense = plan.memory.parameters - plan.memory.tables
        let loaded: LoadedModel
        do throws(EngineError) {
            loaded = try LoadedModel(
                model, metadata: ModelMetadata(name, version, program, opened.model),
                memory: memory, loopCount: terms.loopCount, limits: terms.limits,
                warmUp: opened.model.warmUps.first, clock: terms.clock)
        } catch { throw Self.refusal(error, name) }
        try WarmUp(loaded, terms).run(opened.model.warmUps)
        budget.add(loaded)
        return loaded
    }

    /// What a version's manifest says.
    package func metadata(_ name: String, version: UInt64) -> ModelMetadata? {
        guard let opened = try? repository.open(model: name, version: version),
            let program = try? choose(opened)
        else { return nil }
        return ModelMetadata(name, version, program, opened.model)
    }

    /// Reads what is not packed yet of a program's tensors and makes a plan of all.
    private func plan(
        _ name: String, _ opened: Package, _ program: Program,
        _ packed: [Packing: PackedWeights], _ terms: LoadTerms, _ progress: LoadProgress
    ) throws(RequestError) -> Plan {
        let tensors: TensorSet
        do throws(PackageError) {
            tensors = try opened.load(
                program: program.name, except: packed.spared(program.graph),
                threads: terms.threadCount, pool: budget.pool, progress: progress)
        } catch { throw Self.refusal(error, name) }
        do throws(EngineError) {
            // Given away: the plan lets go of each weight when it is packed.
            return try Plan(
                program.graph.answeringGates(), consume tensors, packed: packed,
                blockRowCountMax: PredictLane.rowsWanted,
                inParallel: { ParallelWork.run($0, threads: terms.threadCount, $1) })
        } catch { throw Self.refusal(error, name) }
    }

    /// Opens a version; one that lacks files, or ends of files, is still being copied.
    private func open(_ name: String, _ version: UInt64) throws(RequestError) -> Package {
        do throws(PackageError) {
            return try repository.open(
                model: name, version: version, memoryMax: budget.freeByteCount)
        } catch {
            guard error.code == .notFound || error.code == .truncated else {
                throw Self.refusal(error, name)
            }
            throw RequestError(
                .modelNotReady, "waiting until it is complete: \(error.description)", model: name,
                actual: Int(clamping: version))
        }
    }

    private func choose(_ opened: Package) throws(PackageError) -> Program {
        let names: [String] =
            switch executor {
            case .best: [Program.int8, Program.float] + opened.model.programs.map(\.name)
            case .int8: [Program.int8]
            case .float: [Program.float]
            }
        for name in names {
            if let program = opened.model.program(named: name) { return program }
        }
        throw PackageError(
            .unknownProgram,
            "the package has no program '\(names[0])'; start with --executor best, or publish one "
                + "that has it", path: opened.path, subject: names[0])
    }

    private static func refusal(_ error: EngineError, _ name: String) -> RequestError {
        RequestError(
            .loadFailed, "model '\(name)' cannot be executed: \(error.description)", model: name)
    }

    private static func refusal(_ error: PackageError, _ name: String) -> RequestError {
        let isDamage =
            [.checksumMismatch, .contentMismatch, .truncated, .wrongSize, .invalidBlock]
            .contains(error.code)
        return RequestError(
            isDamage ? .dataDamaged : .loadFailed, error.description, model: name,
            bound: error.expected.map { Int(clamping: $0) },
            actual: error.actual.map { Int(clamping: $0) })
    }
}

extension ModelMetadata {
    /// What a package says of a model that runs one of its programs.
    init(_ name: String, _ version: UInt64, _ program: Program, _ package: PackagedModel) {
        self.init()
        self.name = name
        self.version = version
        executor = program.name
        features = package.signature.features.map(FeatureMetadata.init)
        tasks = package.signature.tasks.map { task in
            TaskMetadata(task, package.quality.filter { $0.task == task.name })
        }
        formulas = package.signature.formulas.map {
            FormulaMetadata($0.name, $0.expression)
        }
        gates = program.graph.gates.map(\.name)
    }
}

extension FeatureMetadata {
    fileprivate init(_ feature: Feature) {
        self.init()
        name = feature.name
        side = feature.side == .context ? .context : .candidate
        type =
            switch feature.rawType {
            case .float32: .float32
            case .int64: .int64
            case .text: .bytes
            }
        kind =
            switch feature.encoding {
            case .number: "number"
            case .buckets: "buckets"
            case .vocabulary: "vocabulary"
            case .hashing: "hashing"
            case .hashedWords: "hashed_words"
            case .identity: "identity"
            case .tokens: "tokens"
            }
        // Words and tokens are cut from one text a row: to the caller a scalar.
        let isCut = kind == "hashed_words" || kind == "tokens"
        let isRagged = feature.listLengthMax != nil && !isCut
        width = isRagged ? 0 : UInt32(clamping: feature.width)
        listLengthMax = UInt32(clamping: feature.listLengthMax ?? 0)
        isRequired = feature.isRequired
        switch feature.encoding {
        case .vocabulary(let encoding): vocabularySize = UInt64(encoding.vocabulary.count)
        case .hashing(let encoding), .hashedWords(let encoding):
            vocabularySize = UInt64(encoding.bucketCount)
        case .tokens(let tokenizer): vocabularySize = UInt64(tokenizer.idCount)
        case .number, .buckets, .identity: break
        }
    }
}

extension TaskMetadata {
    fileprivate init(_ task: TandemFeatures.Task, _ figures: [TandemPackage.QualityFigure]) {
        self.init()
        name = task.name
        kind = task.kind.wireKind
        width = UInt32(clamping: task.kind.width)
        given = task.given ?? ""
        labels = task.labels
        quality = figures.map { figure in
            var quality = TandemWire.QualityFigure()
            quality.metric = figure.metric
            quality.value = figure.value
            quality.executor = figure.program
            quality.split = figure.split
            quality.rows = UInt64(clamping: figure.rowCount)
            return quality
        }
    }
}
