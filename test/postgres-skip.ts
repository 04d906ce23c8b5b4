import { beforeEach, inject } from "vitest";

// Set-up of every file of the project `postgres`.
beforeEach(({ skip }) => skip(inject("postgres") === "", "no PostgreSQL is installed"));
