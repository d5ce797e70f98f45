export const sandboxId = "7d9f7b7e-1111-4222-8333-444455556666";
