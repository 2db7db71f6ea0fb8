import CTandemKernels

/// One family at one shape: what to measure for each of its kernels.
struct KernelCase {
    /// A line of the family's register.
    struct Kernel {
        let name: String
        let isa: tandemk_isa
        let isChosen: Bool
    }

    let family: String
    let shape: String
    /// Best first, as registered.
    let kernels: [Kernel]
    /// What one run does, in `unit`s.
    let work: Double
    let unit: Unit
    /// Runs the kernel of that index once.
    let run: (Int) -> Void

    enum Unit: String {
        case operations = "GOP/s"
        case elements = "Gelem/s"
        case bytes = "GB/s"
    }
}

/// The registers as values: C has no generics, so each family's accessors are named where its
/// cases are made.
struct KernelRegister {
    let family: String
    let kernels: [KernelCase.Kernel]

    init(
        _ family: String, count: Int, chosen: Int,
        entry: (Int) -> (UnsafePointer<CChar>, tandemk_isa)
    ) {
        self.family = family
        self.kernels = (0..<count).map { index in
            let (name, isa) = entry(index)
            return KernelCase.Kernel(
                name: String(cString: name), isa: isa, isChosen: index == chosen)
        }
    }

    /// A case of this family.
    func measuring(
        _ shape: String, _ work: Int, _ unit: KernelCase.Unit, run: @escaping (Int) -> Void
    ) -> KernelCase {
        KernelCase(
            family: family, shape: shape, kernels: kernels, work: Double(work), unit: unit,
            run: run)
    }
}
