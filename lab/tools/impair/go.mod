module kubenurse/test/tools/impair

go 1.26
