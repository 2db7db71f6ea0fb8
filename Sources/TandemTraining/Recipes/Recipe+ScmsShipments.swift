extension Recipe {
    /// Delay, demand and freight of shipments.
    static let scmsShipments = Recipe(
        name: "scms-shipments", summary: "late delivery, quantity and freight cost of shipments",
        text: #"""
            # USAID SCMS shipments: will it be late, how much is ordered, what does freight cost?
            #
            #     tandem train scms-shipments.toml SCMS_Delivery_History_Dataset_20150929.csv.gz
            #
            # Labels that a file does not hold are derived from what it holds. Freight is a number
            # in 60 % of the rows and a remark in the others: number() reads a remark as a missing
            # value, and a missing label means that the row teaches only the other tasks.

            [model]
            name = "scms-shipments"
            architecture = "mmoe"
            experts = 4
            expert_layers = [64, 32]
            tower_layers = [16]

            [columns]
            due = 'date(`Scheduled Delivery Date`, "%d-%b-%y")'
            came = 'date(`Delivered to Client Date`, "%d-%b-%y")'
            due_month = "month(due)"
            due_year = "year(due)"
            freight_cost = "number(`Freight Cost (USD)`)"

            # Not among the inputs: when it came, which is the delay; value and insurance, which are
            # quantity times price; weight, which is known after packing.

            [[feature]]
            columns = [
                "Country", "Managed By", "Fulfill Via", "Vendor INCO Term", "Shipment Mode",
                "Product Group", "Sub Classification", "Vendor", "Molecule/Test Type", "Brand",
                "Dosage", "Dosage Form", "Manufacturing Site", "First Line Designation",
            ]
            kind = "categorical"
            embedding_dim = 8

            [[feature]]
            column = "due_month"
            kind = "categorical"
            dtype = "int64"
            embedding_dim = 4

            [[feature]]
            column = "due_year"
            kind = "numeric"

            [[feature]]
            columns = ["Unit of Measure (Per Pack)", "Pack Price", "Unit Price"]
            kind = "numeric"
            transform = ["log1p", "standardize"]

            [[task]]
            name = "late"
            kind = "binary"
            label = "came > due"

            [[task]]
            # From 1 to 619,999: errors of the logarithm are what matters. Answers are in pieces.
            name = "quantity"
            kind = "regression"
            label = "Line Item Quantity"
            transform = ["log1p", "standardize"]

            [[task]]
            name = "freight"
            kind = "regression"
            label = "freight_cost"
            transform = ["log1p", "standardize"]

            [training]
            learning_rate = 0.001
            batch_size = 128
            epochs = 40
            patience = 4
            l2 = 0.02
            seed = 1
            """# + "\n")
}
