extension Recipe {
    /// Two risks of card holders.
    static let creditCardDefault = Recipe(
        name: "credit-card-default", summary: "default next month and late now: two risks",
        text: #"""
            # Default of Credit Card Clients: who will not pay, and who is late already?
            #
            #     tandem train credit-card-default.toml credit_card_default.csv.gz
            #
            # A risk that is rare and one that is early: they share causes, so that the second, of
            # which there is more, helps to find the first. Fraud models have this shape.

            [model]
            name = "credit-card-default"
            architecture = "mmoe"
            experts = 3
            expert_layers = [64, 32]
            tower_layers = [16]

            # Not among the inputs: PAY_0, the latest month, from which late_now is computed, and
            # BILL_AMT1, the latest bill, which is of the same month.

            [[feature]]
            column = "AGE"
            kind = "numeric"

            [[feature]]
            # Amounts: a logarithm that keeps the sign, since bills can be negative.
            columns = [
                "LIMIT_BAL", "BILL_AMT2", "BILL_AMT3", "BILL_AMT4", "BILL_AMT5", "BILL_AMT6",
                "PAY_AMT1", "PAY_AMT2", "PAY_AMT3", "PAY_AMT4", "PAY_AMT5", "PAY_AMT6",
            ]
            kind = "numeric"
            transform = ["log1p", "standardize"]

            [[feature]]
            # -2 no use, -1 paid in full, 0 minimum paid, 1 to 8 months late: codes up to 0.
            columns = ["SEX", "EDUCATION", "MARRIAGE", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
            kind = "categorical"
            embedding_dim = 4

            [[task]]
            name = "default"
            kind = "binary"
            label = "default.payment.next.month"

            [[task]]
            name = "late_now"
            kind = "binary"
            label = "PAY_0 > 0"

            [training]
            learning_rate = 0.001
            batch_size = 256
            epochs = 30
            patience = 3
            l2 = 0.5
            seed = 1

            [ranking]
            risk = "default + late_now"
            """# + "\n")
}
