import Foundation

extension ScratchFolder {
    /// Writes an array of 32-bit elements, each by its bits, as a .npy file of version 1.
    func writeArray(_ name: String, _ type: String, shape: [Int], _ bits: [UInt32]) throws {
        let sizes = shape.map(String.init).joined(separator: ", ")
        var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes),), }"
        header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
        for element in bits {
            withUnsafeBytes(of: element.littleEndian) { data.append(contentsOf: $0) }
        }
        try data.write(to: URL(fileURLWithPath: file(name)))
    }

    /// Writes an array of floats.
    func writeArray(_ name: String, shape: [Int], _ values: [Float]) throws {
        try writeArray(name, "<f4", shape: shape, values.map(\.bitPattern))
    }
}
