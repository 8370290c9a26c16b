module kubenurse/lab/tools/impair

go 1.26
