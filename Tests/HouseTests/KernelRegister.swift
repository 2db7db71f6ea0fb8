// A kernel that is in no register is never chosen and never tested, so files and registers must
// agree: Sources/CTandemKernels/<family>/<family>_<kernel>.c on one side, and on the other the line
// TANDEMK_KERNEL(<family>, <kernel>, TANDEMK_ISA_...) in <family>/<family>.inc, where the name's
// end says the instruction set too and the scalar twin, which runs anywhere, comes last.

enum KernelRegister {
    /// C files of a family that hold no kernel.
    static let otherFiles: Set<String> = ["table.c", "pack.c"]

    /// One line of a register.
    private struct Entry {
        let kernel: String
        let isa: String
        let line: Int
    }

    /// What is wrong with one family, given the files of its folder.
    static func violations(family: String, files: [SourceFile]) -> [String] {
        let kernelFiles = files.filter { $0.name.hasSuffix(".c") && !otherFiles.contains($0.name) }
        guard let register = files.first(where: { $0.name == "\(family).inc" }) else {
            return kernelFiles.map { "\($0.path):1: there is no \(family).inc to register it in" }
        }
        let entries = entries(of: register, family: family)
        let names = Set(entries.map { "\(family)_\($0.kernel).c" })
        var found = kernelFiles.filter { !names.contains($0.name) }.map {
            "\($0.path):1: not registered in \(register.path)"
        }
        for entry in entries {
            let place = "\(register.path):\(entry.line): \(entry.kernel)"
            if !kernelFiles.contains(where: { $0.name == "\(family)_\(entry.kernel).c" }) {
                found.append("\(place): no file \(family)_\(entry.kernel).c")
            }
            if !entry.kernel.hasSuffix("__\(entry.isa.lowercased())") {
                found.append("\(place): its name does not end in the instruction set \(entry.isa)")
            }
        }
        if entries.last?.isa != "SCALAR" {
            found.append("\(register.path):1: the last kernel must be the scalar one")
        }
        return found
    }

    private static func entries(of register: SourceFile, family: String) -> [Entry] {
        let line = /^TANDEMK_KERNEL\(\s*(\w+)\s*,\s*(\w+)\s*,\s*TANDEMK_ISA_(\w+)\s*\)/
        return register.codeLines.enumerated().compactMap { index, text in
            guard let match = text.firstMatch(of: line), match.1 == family else { return nil }
            return Entry(kernel: String(match.2), isa: String(match.3), line: index + 1)
        }
    }
}
