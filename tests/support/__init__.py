"""What the tests share: people, servers, fakes of services, and stores made for a test."""
